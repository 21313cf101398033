import base64
import copy
import hashlib
import json

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.entries import Entry, Pending
from hub.audit.errors import EntryError, ReceiptError
from hub.audit.openings import commitments_from, read_leaf, withhold
from hub.audit.sealing import leaf_of, seal
from hub.audit.verify import verify_receipt
from hub.audit.words import verdict_lines
from keys.checkpoints import Checkpoint, sign_checkpoint
from keys.merkle import leaf_hash
from keys.proofs import Proof
from tests.hub.audit.conftest import DATA, ORIGIN, disclosure, note, sequencer_on, signer_of

VKEY = signer_of().verifier.vkey()
NAMES = sorted(disclosure().entry().values)


def other_salt(receipt):
    receipt["opening"]["policy"]["salt"] = receipt["opening"]["purpose"]["salt"]


def shortened_salt(receipt):
    receipt["opening"]["policy"]["salt"] = receipt["opening"]["policy"]["salt"][:-4]


def salt_into_value(receipt):
    receipt["opening"]["purpose"] |= {"salt": "", "value": "x"}


def swapped_values(receipt):
    opening = receipt["opening"]
    opening["served"], opening["denied"] = opening["denied"], opening["served"]


def renamed(receipt):
    receipt["opening"]["served"] = receipt["opening"].pop("denied")


def dropped(receipt):
    del receipt["opening"]["denied"]


def added(receipt):
    receipt["opening"]["consent"] = {"salt": "AAAAAAAAAAAAAAAAAAAAAA==", "value": True}


def false_commitment(receipt):
    receipt["opening"]["denied"] = {"commitment": "sha256:" + "0" * 64}


def both_open_and_withheld(receipt):
    receipt["opening"]["denied"]["commitment"] = "sha256:" + "0" * 64


def weak_commitment(receipt):
    receipt["opening"]["denied"] = {"commitment": "md5:" + "0" * 32}


def path_line(change):
    def tamper(receipt):
        lines = receipt["proof"].split("\n")
        change(lines)
        receipt["proof"] = "\n".join(lines)

    return tamper


def value(name, to):
    def tamper(receipt):
        receipt["opening"][name]["value"] = to

    return tamper


def member(name, to):
    def tamper(receipt):
        receipt[name] = to

    return tamper


def signature(receipt):
    receipt["proof"] = receipt["proof"].rstrip("\n")[:-8] + "AAAAAAA=\n"


TAMPERED = {
    "the purpose changed": value("purpose", "PUBLIC_LOOKUP"),
    "the time changed": value("at", "2026-11-21T08:30:00.000000Z"),
    "the asker changed": value("asker", None),
    "a denied field claimed as served": value("served", ["Penalty.fineAmount"]),
    "a mask forgotten": value("masked", {}),
    "the policy version changed": value("policy", 8),
    "a number turned into text": value("policy", "7"),
    "the answer's digest changed": value("answer", "sha256:" + "0" * 64),
    "two values swapped": swapped_values,
    "a value under another name": renamed,
    "a value dropped": dropped,
    "a value added": added,
    "a salt of another value": other_salt,
    "a salt cut short": shortened_salt,
    "no salt": salt_into_value,
    "a commitment made up": false_commitment,
    "both open and withheld": both_open_and_withheld,
    "a commitment of another algorithm": weak_commitment,
    "a value without canonical form": value("policy", 2**53),
    "no opening": member("opening", {}),
    "an opening that is a list": member("opening", []),
    "a value that is no object": lambda receipt: receipt["opening"].update(policy=7),
    "another kind": member("kind", "denial"),
    "another index beside the proof": member("index", 4),
    "an index that is true": member("index", True),
    "another origin beside the proof": member("origin", "other.example/log"),
    "no proof": member("proof", ""),
    "a proof that is no text": member("proof", 5),
    "another index in the proof": path_line(lambda lines: lines.__setitem__(1, "index 4")),
    "a path cut short": path_line(lambda lines: lines.pop(2)),
    "a path made longer": path_line(lambda lines: lines.insert(2, lines[2])),
    "a path in another order": path_line(lambda lines: lines.insert(2, lines.pop(3))),
    "another size in the head": path_line(lambda lines: lines.__setitem__(lines.index("6"), "7")),
    "another log in the head": path_line(lambda lines: lines.__setitem__(lines.index(ORIGIN), "other.example/log")),
    "another root in the head": path_line(
        lambda lines: lines.__setitem__(lines.index("6") + 1, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    ),
    "another signature": signature,
    "no signature": lambda receipt: receipt.update(proof=receipt["proof"].partition("—")[0]),
    "a windows editor": lambda receipt: receipt.update(proof=receipt["proof"].replace("\n", "\r\n")),
}


class TestVerifyReceipt:
    def test_an_honest_receipt_holds_and_shows_what_it_proves(self, receipt):
        verdict = verify_receipt(receipt, [VKEY])

        assert verdict.valid
        assert (5, "disclosure", ORIGIN, 6) == (
            verdict.index,
            verdict.kind,
            verdict.checkpoint.origin,
            verdict.checkpoint.size,
        )
        assert disclosure().entry().values == verdict.values

    def test_it_holds_after_any_json_tool_has_rewritten_it(self, receipt):
        text = json.dumps(receipt, indent=4, sort_keys=True, ensure_ascii=True)

        assert verify_receipt(text, [VKEY]).valid

    @pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
    def test_a_tampered_receipt_does_not_hold_and_shows_nothing(self, receipt, tamper):
        changed = copy.deepcopy(receipt)
        tamper(changed)
        verdict = verify_receipt(changed, [VKEY])

        assert receipt != changed
        assert not verdict.valid
        assert ({}, None) == (verdict.values, verdict.checkpoint)
        assert 1 == len([finding for finding in verdict.findings if finding.holds is False])

    @pytest.mark.parametrize("name", ["index", "origin", "kind", "proof", "opening"])
    def test_a_receipt_without_a_part_does_not_hold(self, receipt, name):
        del receipt[name]
        given = {"data": None, "extensions": {"receipt": receipt}}

        assert not verify_receipt(given, [VKEY]).valid

    @pytest.mark.parametrize("other", [signer_of(2), signer_of(1, "other.example/log")])
    def test_with_another_logs_key_it_does_not_hold(self, receipt, other):
        assert not verify_receipt(receipt, [other.verifier.vkey()]).valid

    def test_one_of_several_keys_is_enough(self, receipt):
        keys = [signer_of(2, "a").verifier.vkey(), VKEY, signer_of(3, "b").verifier.vkey()]

        assert verify_receipt(receipt, keys).valid

    async def test_a_receipt_of_one_log_does_not_hold_for_an_entry_of_another(self, receipt, sqlite_store):
        """Two honest receipts cannot be mixed: opening of one, proof of the other."""
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        other = (await sequencer.append(Pending(entry=disclosure(asker="x").entry()))).as_extension()
        await sequencer.stop()

        assert verify_receipt(other, [VKEY]).valid
        assert not verify_receipt({**receipt, "opening": other["opening"]}, [VKEY]).valid
        assert not verify_receipt({**receipt, "proof": other["proof"]}, [VKEY]).valid
        assert not verify_receipt({**receipt, "proof": other["proof"], "index": other["index"]}, [VKEY]).valid

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "{",
            "[]",
            "1",
            "null",
            "{}",
            '{"data":{}}',
            '{"extensions":{}}',
            '{"extensions":null}',
            '{"extensions":{"receipt":[]}}',
            '{"proof":"a","proof":"b"}',
            '{"proof":NaN}',
            '{"proof":1e',
            '{"proof":' + "9" * 5_000 + "}",
            "[" * 100_000,
            "\x00",
        ],
        ids=lambda given: given[:30],
    )
    def test_what_is_no_receipt_is_no_verdict(self, given):
        with pytest.raises(ReceiptError):
            verify_receipt(given, [VKEY])

    @pytest.mark.parametrize("keys", [[], ["nonsense"], [VKEY, VKEY[:-1]], [VKEY.replace("+", " ")]])
    def test_without_a_readable_key_there_is_no_verdict(self, receipt, keys):
        with pytest.raises(ReceiptError):
            verify_receipt(receipt, keys)


class TestByHand:
    def test_who_has_only_the_description_comes_to_the_same_end(self, receipt):
        """docs/receipts.md, step by step, with nothing of ours: hashlib, rfc8785 and an Ed25519 library."""
        vkey = VKEY.split("+", 2)
        commit = {}
        for name, part in receipt["opening"].items():
            data = base64.b64decode(part["salt"]) + rfc8785.dumps(part["value"])
            commit[name] = "sha256:" + hashlib.sha256(data).hexdigest()
        leaf = rfc8785.dumps({"v": 1, "kind": receipt["kind"], "commit": commit})
        head, _, checkpoint = receipt["proof"].partition("\n\n")
        _, index, *path = head.split("\n")
        text, _, signature = checkpoint.partition("\n\n")
        origin, size, root = text.split("\n")

        # RFC 9162, 2.1.3.2, as it is written.
        fn, sn = int(index.removeprefix("index ")), int(size) - 1
        r = hashlib.sha256(b"\x00" + leaf).digest()
        for p in map(base64.b64decode, path):
            assert sn != 0
            if fn & 1 or fn == sn:
                r = hashlib.sha256(b"\x01" + p + r).digest()
                while not fn & 1 and fn:
                    fn, sn = fn >> 1, sn >> 1
            else:
                r = hashlib.sha256(b"\x01" + r + p).digest()
            fn, sn = fn >> 1, sn >> 1

        assert (0, base64.b64decode(root)) == (sn, r)
        assert vkey[0] == origin == receipt["origin"]
        signed = base64.b64decode(signature.split(" ")[2])
        assert vkey[1] == signed[:4].hex()
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(vkey[2])[1:])
        key.verify(signed[4:], f"{text}\n".encode())


class TestResponse:
    def response(self, receipt, **changes):
        return {"data": DATA, "extensions": {"receipt": receipt}, **changes}

    def test_the_response_the_receipt_came_with_is_recognised(self, receipt):
        verdict = verify_receipt(json.dumps(self.response(receipt)), [VKEY])

        assert verdict.valid
        assert [True, True] == [finding.holds for finding in verdict.findings]
        assert "data" in verdict.findings[-1].en

    def test_order_and_white_space_of_the_response_do_not_count(self, receipt):
        data = {"subject": dict(reversed(DATA["subject"].items()))}

        assert verify_receipt(json.dumps(self.response(receipt, data=data), indent=2), [VKEY]).valid

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"subject": None},
            {"subject": {**DATA["subject"], "name": "锦江能源集团"}},
            {"subject": {**DATA["subject"], "amount": 12.51}},
            {"subject": {**DATA["subject"], "amount": "12.5"}},
            {"subject": {**DATA["subject"], "more": None}},
            {"subject": DATA["subject"], "other": None},
            [DATA],
            "text",
            {"n": 2**60},
        ],
    )
    def test_another_response_is_refused(self, receipt, data):
        verdict = verify_receipt(self.response(receipt, data=data), [VKEY])

        assert not verdict.valid
        assert {} == verdict.values

    @pytest.mark.parametrize("name", ["data", "errors", "extensions"])
    @pytest.mark.parametrize("content", [{"subject": None}, None])
    def test_a_receipt_spread_over_the_top_of_a_response_is_no_receipt(self, receipt, name, content):
        """Taken for a bare receipt it would hold, and the tampered data beside it would seem vouched for."""
        with pytest.raises(ReceiptError):
            verify_receipt({**receipt, name: content}, [VKEY])

    @pytest.mark.parametrize("name", ["Data", "answer", "response", "size", ""])
    def test_a_receipt_with_any_other_member_is_no_receipt(self, receipt, name):
        with pytest.raises(ReceiptError):
            verify_receipt({**receipt, name: DATA}, [VKEY])
        with pytest.raises(ReceiptError):
            verify_receipt({"data": DATA, "extensions": {"receipt": {**receipt, name: DATA}}}, [VKEY])

    def test_a_response_without_its_data_is_refused(self, receipt):
        """The receipt speaks of an answer; a response that shows null in its place is another one."""
        assert verify_receipt(self.response(receipt), [VKEY]).valid
        assert not verify_receipt(self.response(receipt, data=None), [VKEY]).valid

    def test_data_that_the_receipt_does_not_vouch_for_is_refused(self, receipt):
        """Whoever withholds the digest cannot pair the receipt with a response of his own."""
        hidden = withhold(receipt, frozenset({"answer"}))

        assert verify_receipt(hidden, [VKEY]).valid
        assert not verify_receipt(self.response(hidden), [VKEY]).valid
        assert not verify_receipt(self.response(hidden, data={"forged": True}), [VKEY]).valid

    async def test_a_denial_vouches_for_no_data(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        entry = disclosure(answer=None, served=(), masked={}).entry()
        receipt = (await sequencer.append(Pending(entry=entry))).as_extension()
        await sequencer.stop()

        assert "denial" == verify_receipt(self.response(receipt, data=None), [VKEY]).kind
        assert verify_receipt({"errors": [], "extensions": {"receipt": receipt}}, [VKEY]).valid
        assert not verify_receipt(self.response(receipt), [VKEY]).valid


class TestBareProof:
    async def test_with_its_leaf_it_holds_and_shows_that_nothing_is_shown(self, receipt):
        leaf = seal_of(receipt)
        verdict = verify_receipt(receipt["proof"], [VKEY], leaf=leaf)

        assert verdict.valid
        assert (tuple(NAMES), {}) == (verdict.withheld, verdict.values)

    def test_with_another_leaf_it_does_not_hold(self, receipt):
        leaf = seal_of(receipt)

        assert not verify_receipt(receipt["proof"], [VKEY], leaf=leaf + b"\n").valid
        assert not verify_receipt(receipt["proof"], [VKEY], leaf=b"").valid

    def test_a_leaf_that_is_in_the_log_but_not_of_our_form_does_not_hold(self):
        leaf = b"something else"
        head = Checkpoint(origin=ORIGIN, size=1, root=leaf_hash(leaf))
        proof = Proof(index=0, path=(), checkpoint=sign_checkpoint(head, signer_of())).text()

        assert not verify_receipt(proof, [VKEY], leaf=leaf).valid

    def test_without_its_leaf_there_is_no_verdict(self, receipt):
        with pytest.raises(ReceiptError):
            verify_receipt(receipt["proof"], [VKEY])

    def test_a_receipt_needs_no_leaf_and_takes_none(self, receipt):
        with pytest.raises(ReceiptError):
            verify_receipt(receipt, [VKEY], leaf=b"x")


class TestWithhold:
    @given(names=st.frozensets(st.sampled_from(NAMES)))
    def test_any_part_can_be_kept_back_and_the_rest_still_holds(self, names):
        """The holder opens what it wants to show, and nothing else (no store needed: the leaf stays the same)."""
        sealed = seal(disclosure().entry(), lambda size: bytes(range(size % 256)) + bytes(size - size % 256))
        receipt = {"opening": json.loads(sealed.opening)}
        shown = withhold(receipt, names)

        assert commitments_from(receipt["opening"]) == commitments_from(shown["opening"])
        assert all("value" not in shown["opening"][name] for name in names)

    def test_a_withheld_receipt_verifies_and_names_what_is_missing(self, receipt):
        verdict = verify_receipt(withhold(receipt, frozenset({"asker", "served"})), [VKEY])

        assert verdict.valid
        assert ("asker", "served") == verdict.withheld
        assert "asker" not in verdict.values

    def test_what_is_withheld_can_be_withheld_again(self, receipt):
        once = withhold(receipt, frozenset({"asker"}))

        assert once == withhold(once, frozenset({"asker"}))

    @pytest.mark.parametrize("given", [{}, {"opening": None}, {"opening": {}}, {"opening": {"a": 1}}])
    def test_what_is_no_receipt_is_refused(self, given):
        with pytest.raises(EntryError):
            withhold(given, frozenset({"a"}))

    def test_a_value_that_is_not_there_is_refused(self, receipt):
        with pytest.raises(EntryError):
            withhold(receipt, frozenset({"nothing"}))


class TestReadLeaf:
    def test_a_leaf_is_read_as_written(self):
        sealed = seal(note(1).entry, bytes)

        assert ("disclosure", commitments_from(json.loads(sealed.opening))) == read_leaf(sealed.leaf)

    @pytest.mark.parametrize(
        "leaf",
        [
            b"",
            b"{}",
            b"[]",
            b"\xff",
            b'{"commit":{},"kind":"key","v":2}',
            b'{"commit":[],"kind":"key","v":1}',
            b'{"commit":{},"kind":1,"v":1}',
            b'{"commit":{},"kind":"key","v":1,"x":1}',
            b'{"kind":"key","commit":{},"v":1}',
            b'{"commit":{}, "kind":"key","v":1}',
            b'{"commit":{"a":"sha256:0"},"kind":"key","v":1}',
            b'{"commit":{"a":1},"kind":"key","v":1}',
            b'{"commit":{},"kind":"key","v":true}',
            b'{"commit":{"a":1152921504606846976},"kind":"key","v":1}',
            b'{"commit":{"a":' + b"9" * 30 + b'},"kind":"key","v":1}',
        ],
    )
    def test_anything_else_is_refused(self, leaf):
        with pytest.raises(EntryError):
            read_leaf(leaf)


class TestWords:
    def test_in_chinese_and_english_it_says_what_was_shown_to_whom_when_and_what_for(self, receipt):
        verdict = verify_receipt(receipt, [VKEY])
        zh, en = "\n".join(verdict_lines(verdict, "zh")), "\n".join(verdict_lines(verdict, "en"))

        assert zh.startswith("回执有效")
        assert en.startswith("VALID")
        for words in (zh, en):
            for fact in (
                "jinjiang",
                "PROCUREMENT_CHECK",
                "tender=T-1",
                "Penalty.decidedOn",
                "m2",
                "R-17",
                "2026-11-20T08",
            ):
                assert fact in words
        assert "规则版本: 7" in zh
        assert "policy version: 7" in en

    def test_of_an_invalid_receipt_it_says_only_what_failed(self, receipt):
        receipt["opening"]["purpose"]["value"] = "PUBLIC_LOOKUP"
        lines = verdict_lines(verify_receipt(receipt, [VKEY]), "en")

        assert "NOT VALID" == lines[0]
        assert 2 == len(lines)
        assert "PUBLIC_LOOKUP" not in "".join(lines)

    async def test_nothing_a_terminal_obeys_is_printed(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        values = {"asker": "\x1b[2J\u202eevil\r\n", "x\x07": ["\x1b]0;t\x07"], "context": {"a\nb": "c\x9b"}}
        receipt = await sequencer.append(Pending(entry=Entry(kind="disclosure", values=values)))
        await sequencer.stop()
        lines = verdict_lines(verify_receipt(receipt.as_extension(), [VKEY]), "en")

        assert all(line.isprintable() for line in lines)

    async def test_the_public_and_long_lists_have_words(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        served = [f"Penalty.f{number}" for number in range(60)]
        pending = Pending(entry=disclosure(asker=None, organisation=None, served=served, masked={}).entry())
        receipt = (await sequencer.append(pending)).as_extension()
        await sequencer.stop()
        verdict = verify_receipt(withhold(receipt, frozenset({"context"})), [VKEY])
        zh, en = "\n".join(verdict_lines(verdict, "zh")), "\n".join(verdict_lines(verdict, "en"))

        assert "查询方: 公众" in zh
        assert "等共 60 项" in zh
        assert "持有人未出示: 事由" in zh
        assert "asked by: the public" in en
        assert "of: none" in en
        assert "masked: none" in en
        assert "60 in all" in en


def seal_of(receipt):
    return leaf_of(receipt["kind"], commitments_from(receipt["opening"]))
