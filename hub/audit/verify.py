"""
The offline check of a receipt: what anyone can do with the receipt and the log's key, and nothing else of ours.

Steps, each of which must hold before the next counts:
    1 the receipt has the form we write
    2 its opening gives the leaf; nothing was added, dropped or changed
    3 the log signed a head, and the leaf is in the tree under it, at the index the receipt names
    4 the response that came with it, if there is one, is the one the entry commits to

What cannot be read as a receipt at all is a `ReceiptError`: nothing was checked. What can be read and does not hold is
a `Verdict` that is not valid, and shows nothing of the content: nothing in it is to be believed.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from hub.audit.disclosure import answer_digest
from hub.audit.errors import EntryError, ReceiptError
from hub.audit.openings import Opening, commitments_from, read_leaf, values_of
from hub.audit.sealing import leaf_of
from keys.canonical import Json
from keys.checkpoints import Checkpoint
from keys.errors import CanonicalError, NoteError, ProofError
from keys.merkle import leaf_hash
from keys.notes import Verifier
from keys.proofs import Proof

_MEMBERS = {"index": int, "origin": str, "kind": str, "proof": str, "opening": dict}
_RESPONSE_MEMBERS = ("data", "errors", "extensions")
_PROOF_START = "c2sp.org/tlog-proof@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One step of the check, in words. `holds` is None for a step that had nothing to check."""

    holds: bool | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What the check found.

    Attributes:
        findings: The steps taken, in order; the last one is the failure if there is one.
        checkpoint: The signed head; None if the check failed before it was believed.
        index: Position of the entry; None likewise.
        kind: Kind of the entry; None likewise.
        values: The open values of the entry; empty unless valid.
        withheld: Names the holder of the receipt chose not to show.
    """

    findings: tuple[Finding, ...]
    checkpoint: Checkpoint | None = None
    index: int | None = None
    kind: str | None = None
    values: Mapping[str, Json] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether every step held."""
        return self.checkpoint is not None and all(finding.holds is not False for finding in self.findings)


class _FailedError(Exception):
    """Carries the step that did not hold out of the procedure."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.finding = Finding(holds=False, zh=zh, en=en)


def verify_receipt(receipt: Mapping[str, Json] | str, vkeys: Sequence[str], *, leaf: bytes | None = None) -> Verdict:
    """
    Check a receipt, offline.

    Args:
        receipt: The value of `extensions.receipt`, a whole GraphQL response that holds it, either as JSON text, or the
            text of a tlog-proof.
        vkeys: Verifier keys of the logs one is willing to believe, `name+hexid+base64`.
        leaf: The leaf, with a bare tlog-proof only: such a proof does not hold it.

    Raises:
        ReceiptError: what was given is no receipt or no key, so that nothing could be checked.
    """
    try:
        verifiers = [Verifier.parse(vkey) for vkey in vkeys]
    except NoteError as fault:
        raise ReceiptError(f"a verifier key cannot be read: {fault}") from None
    if not verifiers:
        raise ReceiptError("the key of the log is needed to check a receipt")
    if isinstance(receipt, str) and receipt.startswith(_PROOF_START):
        if leaf is None:
            raise ReceiptError("a bare proof needs its leaf to be checked")
        proof, bare_leaf = receipt, leaf
        return _concluded(lambda findings: _check_bare(proof, bare_leaf, verifiers, findings))
    if leaf is not None:
        raise ReceiptError("a leaf goes with a bare proof; a receipt holds its own")
    inner, response = _found(read_json(receipt) if isinstance(receipt, str) else receipt)
    return _concluded(lambda findings: _check(inner, response, verifiers, findings))


def read_json(text: str) -> Json:
    """
    Parse JSON strictly: a name that stands twice in one object would mean one thing to us and another to the next.

    Raises:
        ReceiptError: not JSON, or not in one reading.
    """
    try:
        parsed: Json = json.loads(text, object_pairs_hook=_object, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise ReceiptError("the input is not JSON, or not JSON with one meaning") from None
    return parsed


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _refused(constant: str) -> Json:
    raise ValueError(constant)


def _found(given: object) -> tuple[Mapping[str, Json], Mapping[str, Json] | None]:
    """
    Find the receipt in what was given, and the response around it.

    What could be read as either is neither: a receipt spread over the top of a response would hold while the response's
    content goes unchecked.
    """
    if isinstance(given, Mapping):
        if "proof" in given:
            if not given.keys().isdisjoint(_RESPONSE_MEMBERS):
                raise ReceiptError("the input is a receipt and a response in one object, so that neither can be told")
            return _only_known(given), None
        extensions = given.get("extensions")
        if isinstance(extensions, Mapping) and isinstance(extensions.get("receipt"), Mapping):
            return _only_known(extensions["receipt"]), given
    raise ReceiptError("the input is neither a receipt nor a response with extensions.receipt")


def _only_known(receipt: Mapping[str, Json]) -> Mapping[str, Json]:
    if not receipt.keys() <= _MEMBERS.keys():
        raise ReceiptError(f"a receipt has the members {', '.join(_MEMBERS)} and no other")
    return receipt


def _concluded(procedure: Callable[[list[Finding]], Verdict]) -> Verdict:
    findings: list[Finding] = []
    try:
        return procedure(findings)
    except _FailedError as failed:
        return Verdict(findings=(*findings, failed.finding))


def _check(
    receipt: Mapping[str, Json],
    response: Mapping[str, Json] | None,
    verifiers: Sequence[Verifier],
    findings: list[Finding],
) -> Verdict:
    """Go through the four steps."""
    # 1. The form.
    for member, kind in _MEMBERS.items():
        if type(receipt.get(member)) is not kind:
            raise _FailedError(f"回执缺少 {member} 或其类型不对", f"the receipt has no {member}, or not of its type")

    # 2. From the opening to the leaf.
    opening = receipt["opening"]
    try:
        leaf = leaf_of(str(receipt["kind"]), commitments_from(opening))
    except (EntryError, CanonicalError) as fault:
        raise _FailedError("回执的明文与盐不合格式", f"the opening is not of the form we write: {fault}") from None

    # 3. From the leaf to the signed head.
    proof, checkpoint = _check_proof(str(receipt["proof"]), leaf, verifiers)
    if proof.index != receipt["index"] or checkpoint.origin != receipt["origin"]:
        raise _FailedError(
            "回执所写的序号或日志名与证明不符", "the index or origin the receipt names is not that of its proof"
        )
    findings.append(_included(proof, checkpoint))

    # 4. From the entry to the response.
    values = values_of(cast("Opening", opening))
    findings.append(_check_answer(values, response))
    return Verdict(
        findings=tuple(findings),
        checkpoint=checkpoint,
        index=proof.index,
        kind=str(receipt["kind"]),
        values=values,
        withheld=tuple(sorted(cast("Opening", opening).keys() - values.keys())),
    )


def _check_bare(text: str, leaf: bytes, verifiers: Sequence[Verifier], findings: list[Finding]) -> Verdict:
    """Check a proof that came without its opening: the entry is there, what it says stays closed."""
    proof, checkpoint = _check_proof(text, leaf, verifiers)
    try:
        kind, commitments = read_leaf(leaf)
    except EntryError as fault:
        raise _FailedError("叶子不合格式", f"the leaf is not of the form we write: {fault}") from None
    findings.append(_included(proof, checkpoint))
    return Verdict(
        findings=tuple(findings),
        checkpoint=checkpoint,
        index=proof.index,
        kind=kind,
        withheld=tuple(sorted(commitments)),
    )


def _check_proof(text: str, leaf: bytes, verifiers: Sequence[Verifier]) -> tuple[Proof, Checkpoint]:
    try:
        proof = Proof.parse(text)
        return proof, proof.verify(leaf_hash(leaf), verifiers)
    except NoteError as fault:
        raise _FailedError("日志树头的签名不成立", f"the log's signature does not hold: {fault}") from None
    except ProofError as fault:
        raise _FailedError("存在性证明不成立", f"the proof of inclusion does not hold: {fault}") from None


def _included(proof: Proof, checkpoint: Checkpoint) -> Finding:
    return Finding(
        holds=True,
        zh=f"第 {proof.index} 号记录在日志 {checkpoint.origin} 中；树头(共 {checkpoint.size} 条)的签名成立",
        en=f"entry {proof.index} is in the log {checkpoint.origin}; the signature on its head of {checkpoint.size} "
        "entries holds",
    )


def _check_answer(values: Mapping[str, Json], response: Mapping[str, Json] | None) -> Finding:
    """Tie the response to the entry. A response with data that the entry does not vouch for is a failure."""
    if response is None:
        return Finding(
            holds=None, zh="未附响应，未核对响应内容", en="no response was given, so its content was not compared"
        )
    data, answer = response.get("data"), values.get("answer")
    if answer is None:
        if data is None:
            return Finding(holds=None, zh="响应不含数据，无可核对", en="the response holds no data to compare")
        raise _FailedError(
            "响应含有数据，但该记录未载明响应摘要",
            "the response holds data, but the entry shows no digest of an answer",
        )
    try:
        same = answer == answer_digest(data)
    except CanonicalError as fault:
        raise _FailedError("响应无法规范化", f"the response has no canonical form: {fault}") from None
    if not same:
        raise _FailedError(
            "响应内容与记录中的摘要不符：响应已被改动，或不属于此回执",
            "the response is not the one the entry commits to: it was changed, or belongs to another receipt",
        )
    return Finding(
        holds=True,
        zh="响应的 data 与记录中的摘要一致(errors 不在摘要内)",
        en="the response's data is the one the entry commits to (its errors are not part of that)",
    )
