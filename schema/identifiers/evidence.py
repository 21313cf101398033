"""
What goes into subject resolution: what a record says of its counterparty, and the subjects it might be.

Values only. Texts of `Evidence` are as sent; texts of `Candidate` are as the store keeps them, already checked.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    What a record says of its counterparty, as sent.

    Attributes:
        code: Credit code; None or '' if absent.
        organisation_code, registration_no, name: Same.
        province: GB/T 2260 code, two digits or more; None if unknown.
        on_day: The day the record speaks of (decision date); None if unknown.
        parent_code: The parent's credit code, if the source sends it for a branch.
        negative: Whether the record speaks against the subject (penalty, list entry, sanction, arrears).
    """

    code: str | None = None
    organisation_code: str | None = None
    registration_no: str | None = None
    name: str | None = None
    province: str | None = None
    on_day: date | None = None
    parent_code: str | None = None
    negative: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BorneName:
    """
    A name a subject bears or bore.

    Attributes:
        key: `name_key` of the name.
        valid_from, valid_to: First and last day, inclusive; None if unknown or still borne.
        former: Whether it is a 曾用名.
    """

    key: str
    valid_from: date | None = None
    valid_to: date | None = None
    former: bool = False

    def was_borne_on(self, day: date) -> bool:
        """Whether the name was borne on *day*. A former name without an end date was borne on no day we know."""
        if self.former and self.valid_to is None:
            return False
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A known subject that one of the keys found."""

    code: str
    names: tuple[BorneName, ...] = ()
    organisation_code: str | None = None
    registration_no: str | None = None
    province: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupKeys:
    """
    By what the caller finds candidates; empty tuples ask for nothing.

    Attributes:
        codes: Subjects with one of these credit codes (the subject itself, and a branch's parent).
        organisation_codes: Subjects with one of these, nine characters.
        registration_nos: Subjects with one of these.
        name_keys: Subjects that bear or bore one of these.
        name_parts: Subjects whose present name's key contains one of these; for proposals only, may be capped.
        initials: Subjects whose name has these pinyin initials (same sound, other character); same.
    """

    codes: tuple[str, ...] = ()
    organisation_codes: tuple[str, ...] = ()
    registration_nos: tuple[str, ...] = ()
    name_keys: tuple[str, ...] = ()
    name_parts: tuple[str, ...] = ()
    initials: tuple[str, ...] = ()
