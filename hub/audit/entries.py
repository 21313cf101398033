"""Log entries: what happened, who received what, and what must be true, and is used up, when it is made durable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import msgspec

from hub.audit.errors import EntryError
from keys.canonical import Value

Kind: TypeAlias = Literal[
    "disclosure", "denial", "policy", "partner", "key",
    # What officers, subjects and the hub itself do to who may see what; see `hub.administration.journal`.
    "change", "grant", "consent", "label", "break_glass", "alarm", "officer", "session", "token", "simulation",
    "explanation", "erasure",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
_MAX_CODE = 18
_DIGEST_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    Something the hub did, to be kept.

    Attributes:
        kind: What sort of thing it was.
        values: What is committed to, by name; any RFC 8785 value, or one spelled ahead. For disclosures and denials
            see `hub.audit.disclosure`.
    """

    kind: Kind
    values: Mapping[str, Value]

    def __post_init__(self) -> None:
        """
        Check the kind and the names.

        Raises:
            EntryError: an unknown kind, no values, or an empty name.
        """
        if self.kind not in KINDS:
            raise EntryError(f"an entry's kind is one of {', '.join(KINDS)}")
        if not self.values or not all(self.values):
            raise EntryError("an entry has one value or more, each with a name")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """
    One subject's part of an answer: who received which versions of its records.

    Attributes:
        subject_code: USCC.
        partner: Who asked; None: the public.
        purpose: Purpose code.
        versions: (kind, record key, version) of each record served; or the same as `pack_versions` packs it, by who
            serves one subject often.
    """

    subject_code: str
    partner: str | None
    purpose: str
    versions: Sequence[tuple[str, str, int]] | bytes = ()

    def __post_init__(self) -> None:
        """
        Check what a store would refuse: one bad row would fail the whole group it is committed with.

        Raises:
            EntryError: a code that is no code, or text that no store keeps.
        """
        if not _is_code(self.subject_code):
            raise EntryError("a delivery names its subject by code")
        if not self.purpose.isprintable() or not (self.partner or "").isprintable():
            raise EntryError("partner and purpose of a delivery are printable text")

    def packed_versions(self) -> bytes:
        """Return the versions as the store keeps them."""
        return self.versions if isinstance(self.versions, bytes) else pack_versions(self.versions)


def pack_versions(versions: Sequence[tuple[str, str, int]]) -> bytes:
    """Pack (kind, record key, version) of each record served as the store keeps them, msgpack."""
    return msgspec.msgpack.encode(list(versions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """
    What an asker uses of a budget.

    Attributes:
        asker: Whose budget.
        span: What is counted and when, e.g. the requests of one minute.
        amount: How much is used; 0 only asks how much was used already, and is never refused.
        limit: Most that may be used in the span, this amount included.
        until: When the span ends, seconds since 1970: then its count is of no use any more.
    """

    asker: str
    span: str
    amount: int
    limit: int
    until: float

    def __post_init__(self) -> None:
        """
        Check what a store would refuse.

        Raises:
            EntryError: text that no store keeps, a negative amount, or a span without end.
        """
        if not self.asker.isprintable() or not self.span.isprintable():
            raise EntryError("asker and span of a budget are printable text")
        if self.amount < 0 or not isfinite(self.until):
            raise EntryError("a budget is used from 0 upwards, in a span that ends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What must be true when something is made durable, and what is used up by it: all of it, or nothing.

    Attributes:
        reads: Subject code to the `subject.version` the answer was made from; 0: the subject was not there.
        epochs: Name to the version, in table `epoch`, of what else decided the answer.
        once: Digest, 32 bytes, that nobody may have shown before; None: nothing is shown once only.
        once_until: When what *once* names is refused by its age alone, seconds since 1970.
        spend: What is used of budgets, each span at most once.
    """

    reads: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    epochs: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    once: bytes | None = None
    once_until: float = 0.0
    spend: Sequence[Spend] = ()

    def __post_init__(self) -> None:
        """
        Check that what was read are subjects, and what the store would refuse.

        Raises:
            EntryError: a read is not of a code, a digest is none, or a span is named twice.
        """
        if not all(map(_is_code, self.reads)):
            raise EntryError("a read names its subject by code")
        if self.once is not None and (len(self.once) != _DIGEST_SIZE or not isfinite(self.once_until)):
            raise EntryError("what may be shown once is named by a digest of 32 bytes, and ends")
        if len({(each.asker, each.span) for each in self.spend}) != len(self.spend):
            raise EntryError("a budget is used at most once by one entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending(Terms):
    """
    An entry on its way into the log, with the terms under which it gets there.

    Attributes:
        entry: What to keep.
        deliveries: Rows kept with it, at most one per subject.
    """

    entry: Entry
    deliveries: Sequence[DeliveryRow] = ()

    def __post_init__(self) -> None:
        """
        Check the terms, and that no subject is delivered twice.

        Raises:
            EntryError: two deliveries name one subject, or the terms are malformed.
        """
        # Not super(): a slotted dataclass is another class than the one its methods were written in.
        Terms.__post_init__(self)
        if len({row.subject_code for row in self.deliveries}) != len(self.deliveries):
            raise EntryError("an entry has at most one delivery per subject")


def _is_code(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) <= _MAX_CODE
