"""
What an entry of each rule file says; the files hold nothing that is not described here.

Rules:
    - Every entry says from when it holds, on what legal basis, and how sure we are of it (`source_mark`, DOMAIN's
      reading key: S0-S4 seed paper, Fn public material, M from memory, P our proposal).
    - `effective_to` is the last day an entry holds, inclusive; absent: it still does.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from schema.catalogue.model import Category
from schema.records import Severity
from schema.tiers import Tier

Text = Annotated[str, msgspec.Meta(min_length=1)]
Months = Annotated[int, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Mark = Annotated[str, msgspec.Meta(pattern=r"^(M|P|S[0-4]|F[1-9]\d?)(,(M|P|S[0-4]|F[1-9]\d?))*$")]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every entry: its code within its file, its days and its basis."""

    code: Text
    effective_from: date
    effective_to: date | None = None
    legal_basis: Text
    source_mark: Mark

    def holds_on(self, day: date) -> bool:
        """Whether the entry is in force on *day*."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    def fault(self) -> str | None:
        """Say what is wrong with the entry beyond its fields' types; None if nothing is."""
        if self.effective_to is not None and self.effective_to < self.effective_from:
            return f"effective_to {self.effective_to} is before effective_from {self.effective_from}"
        return None


class ListValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value of a value list, with the other ways sources write it."""

    value: Text
    en: Text
    synonyms: tuple[Text, ...] = ()


class ValueListEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value list (值域); *open_prefix* admits a text of its own that says what it is, as `其他-…`."""

    zh: Text
    en: Text
    open_prefix: Text | None = None
    value: tuple[ListValue, ...]

    def fault(self) -> str | None:
        """Refuse an empty list and a text that would mean two values."""
        if not self.value:
            return "a value list needs at least one value"
        seen: set[str] = set()
        for one in self.value:
            for text in (one.value, *one.synonyms):
                if text in seen:
                    return f"{text} stands twice in the list"
                seen.add(text)
        return super().fault()


class SeverityDefault(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Class of a penalty kind (`code`) where nothing better is known."""

    severity: Severity


class ViolationClass(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Class of a violation type (`code`) by a ministry's published table."""

    severity: Severity


class PublicityPeriod(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How long a class (`code`) is public under one regime.

    Attributes:
        regime: `order-36`.
        shown: Whether the class is published at all.
        min_months: Months after which repair may be asked.
        max_months: Months after which publicity ends by itself.
        long_min_months, long_min_words: A longer minimum where the violation type contains one of the words.
        older: `earlier-end` when a record decided before this regime ends at the earlier of both ends.
    """

    regime: Text
    shown: bool
    min_months: Months
    max_months: Months
    long_min_months: Months | None = None
    long_min_words: tuple[Text, ...] = ()
    older: Literal["earlier-end"] | None = None

    def fault(self) -> str | None:
        """Refuse an unknown class and bounds that contradict each other."""
        if self.code not in {severity.value for severity in Severity}:
            return f"code must be one of {', '.join(Severity)}"
        if max(self.min_months, self.long_min_months or 0) > self.max_months:
            return "the minimum is longer than max_months"
        if (self.long_min_months is None) != (not self.long_min_words):
            return "long_min_months and long_min_words stand together or not at all"
        return super().fault()


class DaysOff(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """A holiday, first and last day inclusive."""

    first: date
    last: date
    zh: Text
    en: Text


class CalendarYear(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Holidays and make-up working days of one year (`code`, four digits)."""

    off: tuple[DaysOff, ...]
    work: tuple[date, ...] = ()

    def fault(self) -> str | None:
        """Refuse days of another year, a holiday that ends before it begins, and a day that is both off and work."""
        if not (self.code.isascii() and self.code.isdecimal() and len(self.code) == len("2026")):
            return "code must be a year of four digits"
        days = [*self.work, *(day for one in self.off for day in (one.first, one.last))]
        if wrong := [day for day in days if f"{day.year:04}" != self.code]:
            return f"{wrong[0]} is not in {self.code}"
        for one in self.off:
            if one.last < one.first:
                return f"{one.zh} ends on {one.last}, before it begins on {one.first}"
            if both := [day for day in self.work if one.first <= day <= one.last]:
                return f"{both[0]} is both off and work"
        return super().fault()


class Measure(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"measure_class": "class"}):
    """
    A punitive measure the hub may show as applicable.

    Attributes:
        measure_class: I reduces rights and needs a law, II management by public bodies, III others' own decision.
        applies_to: Codes of lists it follows from; empty: not tied to a list.
    """

    measure_class: Literal["I", "II", "III"]
    zh: Text
    en: Text
    applies_to: tuple[Text, ...]
    decided_by: Text


class ListType(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A list a subject may stand in (`code` L01-L12, W01-W03).

    Attributes:
        tier: Reader set of an entry that stands.
        aliases: How sources write the list's name.
        term_min_months, term_max_months: Usual term; None: the entry stays until it is removed.
        extension_max_months: By how much the term may be prolonged.
        repair_from_months: After how many months repair may be asked; None: not known.
        removal_working_days: Within how many working days of fulfilment the entry must leave.
    """

    zh: Text
    en: Text
    decided_by: Text
    tier: Tier
    aliases: tuple[Text, ...] = ()
    term_min_months: Months | None = None
    term_max_months: Months | None = None
    extension_max_months: Months | None = None
    repair_from_months: Months | None = None
    removal_working_days: Count | None = None

    @property
    def category(self) -> Category:
        """Category of an entry that stands: C09 for a serious list, C10 for the others."""
        return Category.C09 if self.code.startswith("L") else Category.C10

    def fault(self) -> str | None:
        """Refuse a code of neither family and half a term."""
        if self.code[:1] not in {"L", "W"}:
            return "code must begin with L (serious list) or W (abnormal or key-watch list)"
        if (self.term_min_months is None) != (self.term_max_months is None):
            return "term_min_months and term_max_months stand together or not at all"
        if self.term_min_months is not None and self.term_min_months > (self.term_max_months or 0):
            return "term_min_months is longer than term_max_months"
        return super().fault()


class GradeScheme(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A rating scheme; grades of two schemes are never compared without a declared map.

    Attributes:
        category: C11 for a public scheme, C12 for an industry's.
        grades: Best first.
        valid_months: How long a grade holds at most, None if not known.
    """

    zh: Text
    en: Text
    owner: Text
    category: Category
    grades: tuple[Text, ...]
    valid_months: Months | None = None

    def fault(self) -> str | None:
        """Refuse an empty or repeating scale, and a category that is no grade's."""
        if self.category not in {Category.C11, Category.C12}:
            return "category must be C11 (public) or C12 (industry)"
        if not self.grades or len(set(self.grades)) != len(self.grades):
            return "grades must name each grade once, best first"
        return super().fault()


class TimeLimit(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reference time limit (DOMAIN 17): *value* in *unit*, at most *maximum*, once longer by *extension*."""

    zh: Text
    en: Text
    unit: Literal["working_day", "day", "month", "year", "second", "day_of_month"]
    value: Count
    maximum: Count | None = None
    extension: Count | None = None

    def fault(self) -> str | None:
        """Refuse a maximum below the value."""
        if self.maximum is not None and self.maximum < self.value:
            return "maximum is below value"
        return super().fault()
