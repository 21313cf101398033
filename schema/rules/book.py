"""
The rules, dated: a book of every version, and the page that is in force on a day.

Rules:
    - A record is judged by the rules in force on its decision day unless the newer rule says otherwise.
    - Before the first version of an entry its first version stands (a licence of 2009 is read by the oldest list we
      hold) [P]; a measure is never dated back. After its last day an entry without successor is gone.
    - The texts are handed in: this package reads nothing (`hub.rulebook` reads the shipped files).
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import TypeVar

from schema.records import Severity
from schema.rules.calendar import WorkingDays, working_days_of
from schema.rules.entries import (
    CalendarYear,
    Entry,
    GradeScheme,
    ListType,
    Measure,
    PublicityPeriod,
    SeverityDefault,
    TimeLimit,
    ValueListEntry,
    ViolationClass,
)
from schema.rules.errors import NoRuleError, RuleDataError
from schema.rules.parsing import Files
from schema.rules.value_list import ValueList, value_list_of

E = TypeVar("E", bound=Entry)
T = TypeVar("T")

_ORDER = tuple(Severity)  # 轻微, 一般, 严重: also the order of their publicity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    The rules in force on a day.

    Attributes:
        since: First day on which exactly these are in force.
        value_lists: Name -> list; `list_code` and `grade_scheme` follow from the list types and schemes.
        severity_defaults: Penalty kind -> class.
        violations: Violation type -> class, by a ministry's table.
        publicity_periods: Class -> period.
        list_types: `L01` -> list type.
        measures: In the file's order.
        grade_schemes: `CEC` -> scheme.
        time_limits: `T01` -> limit.
        calendar: Working days.
    """

    since: date
    value_lists: Mapping[str, ValueList]
    severity_defaults: Mapping[str, SeverityDefault]
    violations: Mapping[str, ViolationClass]
    publicity_periods: Mapping[str, PublicityPeriod]
    list_types: Mapping[str, ListType]
    measures: tuple[Measure, ...]
    grade_schemes: Mapping[str, GradeScheme]
    time_limits: Mapping[str, TimeLimit]
    calendar: WorkingDays

    def value_list(self, name: str) -> ValueList:
        """Get the value list called *name*; raises `NoRuleError` if none is in force."""
        return self._get(self.value_lists, name, "value list")

    def severity_default(self, kinds: Iterable[str]) -> Severity | None:
        """Find the class of a decision with these penalty *kinds*: the longest of those known; None if none is."""
        known = [self.severity_defaults[kind].severity for kind in kinds if kind in self.severity_defaults]
        return max(known, key=_ORDER.index, default=None)

    def publicity_period(self, severity: Severity) -> PublicityPeriod:
        """Get the publicity period of *severity*; raises `NoRuleError` if none is in force."""
        return self._get(self.publicity_periods, severity.value, "publicity period")

    def list_type(self, code: str) -> ListType:
        """Get the list type *code*; raises `NoRuleError` if none is in force."""
        return self._get(self.list_types, code, "list type")

    def grade_scheme(self, code: str) -> GradeScheme:
        """Get the rating scheme *code*; raises `NoRuleError` if none is in force."""
        return self._get(self.grade_schemes, code, "grade scheme")

    def time_limit(self, code: str) -> TimeLimit:
        """Get the time limit *code*; raises `NoRuleError` if none is in force."""
        return self._get(self.time_limits, code, "time limit")

    def measures_for(self, list_code: str) -> tuple[Measure, ...]:
        """List the measures that follow from standing in the list *list_code*."""
        return tuple(measure for measure in self.measures if list_code in measure.applies_to)

    def _get(self, held: Mapping[str, T], name: str, what: str) -> T:
        found = held.get(name)
        if found is None:
            raise NoRuleError(f"no {what} {name!r} in the rules in force since {self.since}")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """
    Every version of the rules.

    Attributes:
        pages: Rules in force, one per span between two changes, oldest first.
        periods: Every publicity period ever, oldest first.
    """

    pages: tuple[Rules, ...]
    periods: tuple[PublicityPeriod, ...]

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> "RuleBook":
        """
        Build the book from its files.

        Args:
            texts: File name -> text, one for each name of `schema.rules.parsing.FILES`.

        Raises:
            RuleDataError: a file is missing, unknown or unreadable, or an entry lacks its basis or mark, has unknown
                keys or bad days, contradicts itself, overlaps another version of its code, or names an unknown list.
        """
        files = Files(texts)
        _check_references(files)
        return cls(
            pages=tuple(_page(files, day) for day in _turning_days(files)),
            periods=tuple(sorted(files.entries(PublicityPeriod), key=lambda period: period.effective_from)),
        )

    def on(self, day: date) -> Rules:
        """Get the rules in force on *day*; before the first of all, the first."""
        return self.pages[max(bisect_right(self.pages, day, key=lambda page: page.since) - 1, 0)]

    def periods_for(self, severity: Severity, decided_on: date) -> tuple[PublicityPeriod, ...]:
        """
        List the periods that bound a record of *severity* decided on *decided_on*.

        First that of its decision day (before all of them, the first), then each later one that reaches back
        (`older = "earlier-end"`).

        Raises:
            NoRuleError: no period of that class is in force on that day.
        """
        own = self.on(decided_on).publicity_period(severity)
        reaching = (one for one in self.periods if one.code == severity.value and one.older is not None)
        return (own, *(one for one in reaching if one.effective_from > max(decided_on, own.effective_from)))


def _turning_days(files: Files) -> list[date]:
    """List the days on which some entry begins or has ended, and the beginning of time."""
    days = {date.min}
    for entry in files.all_entries():
        days.add(entry.effective_from)
        if entry.effective_to is not None and entry.effective_to < date.max:
            days.add(entry.effective_to + timedelta(days=1))
    return sorted(days)


def _page(files: Files, day: date) -> Rules:
    list_types = _in_force(files.entries(ListType), day)
    schemes = _in_force(files.entries(GradeScheme), day)
    lists = {code: value_list_of(entry) for code, entry in _in_force(files.entries(ValueListEntry), day).items()}
    return Rules(
        since=day,
        value_lists=MappingProxyType(
            lists | {"list_code": _list_codes(list_types), "grade_scheme": _scheme_codes(schemes)}
        ),
        severity_defaults=_in_force(files.entries(SeverityDefault), day),
        violations=_in_force(files.entries(ViolationClass), day),
        publicity_periods=_in_force(files.entries(PublicityPeriod), day),
        list_types=list_types,
        measures=tuple(measure for measure in files.entries(Measure) if measure.holds_on(day)),
        grade_schemes=schemes,
        time_limits=_in_force(files.entries(TimeLimit), day),
        calendar=working_days_of(_in_force(files.entries(CalendarYear), day).values()),
    )


def _in_force(entries: Sequence[E], day: date) -> Mapping[str, E]:
    """Pick the version of each code in force on *day*; before its first version, that one."""
    first: dict[str, date] = {}
    for entry in entries:
        first[entry.code] = min(entry.effective_from, first.get(entry.code, date.max))
    return MappingProxyType(
        {
            entry.code: entry
            for entry in entries
            if entry.holds_on(day) or day < entry.effective_from == first[entry.code]
        }
    )


def _list_codes(list_types: Mapping[str, ListType]) -> ValueList:
    return ValueList(
        code="list_code",
        values=tuple(list_types),
        synonyms=MappingProxyType({text: one.code for one in list_types.values() for text in (one.zh, *one.aliases)}),
        open_prefix=None,
        labels=MappingProxyType({one.code: one.en for one in list_types.values()}),
    )


def _scheme_codes(schemes: Mapping[str, GradeScheme]) -> ValueList:
    return ValueList(
        code="grade_scheme",
        values=tuple(schemes),
        synonyms=MappingProxyType({one.zh: one.code for one in schemes.values()}),
        open_prefix=None,
        labels=MappingProxyType({one.code: one.en for one in schemes.values()}),
    )


def _check_references(files: Files) -> None:
    """Refuse a measure that names a list nobody describes, and a penalty kind no list has."""
    codes = {entry.code for entry in files.entries(ListType)}
    for measure in files.entries(Measure):
        for code in measure.applies_to:
            if code not in codes:
                raise RuleDataError("measures.toml", f"measure ({measure.code})", f"unknown list type {code!r}")
    kinds = {
        one.value for entry in files.entries(ValueListEntry) if entry.code == "penalty_kind" for one in entry.value
    }
    for default in files.entries(SeverityDefault):
        if default.code not in kinds:
            raise RuleDataError("severity.toml", f"default ({default.code})", "not a value of the list penalty_kind")
