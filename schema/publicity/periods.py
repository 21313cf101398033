"""
From when to when a record is public, and from when its repair may be asked.

Rules:
    - A penalty counts from its decision day; its end day is inclusive.
    - A penalty decided under an older regime ends at the earlier of the old and the new end; its repair may be asked
      from the earlier of both days [P].
    - The end a source sent counts where it is the earlier one (DG18).
    - A list entry ends with its own term, else with the list's longest usual term, and in any case before the day it
      was removed; a list without a term keeps its entries until they are removed.
    - No other kind has a publicity period.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from schema.catalogue.list_entry import ListEntry
from schema.catalogue.model import Record
from schema.catalogue.penalty import Penalty
from schema.publicity.days import add_months
from schema.records import Severity
from schema.rules.book import RuleBook
from schema.rules.entries import PublicityPeriod


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """
    A record's days.

    Attributes:
        publicity_from: First public day; None: no publicity period.
        publicity_to: Last public day, inclusive; None: no end known.
        repairable_from: First day repair may be asked; None: not known.
        shown: Whether a record of this class is published at all.
        computed_to: The end by the rules alone; differs from what the source sent in a DG18 case.
        regimes: Regimes that bound it, its own first.
    """

    publicity_from: date | None = None
    publicity_to: date | None = None
    repairable_from: date | None = None
    shown: bool = True
    computed_to: date | None = None
    regimes: tuple[str, ...] = ()


def penalty_periods(
    book: RuleBook,
    *,
    decided_on: date,
    severity: Severity,
    violation_type: str | None = None,
    sent_until: date | None = None,
) -> Periods:
    """
    Compute the days of a penalty (DOMAIN 6.1, 6.2).

    Args:
        book: Every version of the rules.
        decided_on: Day of the decision.
        severity: Its class.
        violation_type: Some fields have a longer minimum under order 58.
        sent_until: Last day of publicity as the source sent it.

    Raises:
        NoRuleError: the rule data has no period at all for *severity*.
    """
    bounds = book.periods_for(severity, decided_on)
    computed = min(add_months(decided_on, bound.max_months) for bound in bounds)
    return Periods(
        publicity_from=decided_on,
        publicity_to=_earliest((computed, sent_until)),
        repairable_from=min(add_months(decided_on, _minimum(bound, violation_type)) for bound in bounds),
        shown=bounds[-1].shown,
        computed_to=computed,
        regimes=tuple(bound.regime for bound in bounds),
    )


def list_periods(  # the five days of an entry are its own
    book: RuleBook,
    *,
    list_code: str,
    listed_on: date,
    term_end: date | None = None,
    repair_earliest_on: date | None = None,
    removed_on: date | None = None,
) -> Periods:
    """Compute the days of a list entry (DOMAIN 4.2); an unknown *list_code* has no term of its own."""
    rule = book.on(listed_on).list_types.get(list_code)
    term = rule.term_max_months if rule else None
    repair = rule.repair_from_months if rule else None
    computed = add_months(listed_on, term) if term is not None else None
    removed = removed_on - timedelta(days=1) if removed_on is not None else None
    return Periods(
        publicity_from=listed_on,
        publicity_to=_earliest((term_end or computed, removed)),
        repairable_from=repair_earliest_on or (add_months(listed_on, repair) if repair is not None else None),
        computed_to=computed,
    )


def periods_of(book: RuleBook, record: Record, severity: Severity | None, *, sent_until: date | None = None) -> Periods:
    """
    Compute the days of a checked record of any kind.

    Args:
        book: Every version of the rules.
        record: A record whose dates were checked: each is an ISO day or None.
        severity: Its class; None counts as 一般.
        sent_until: End the source sent beside the record; a penalty's own 公示截止期 is taken too, the earlier counts.

    Returns:
        No days at all for a kind without publicity period, or a record without its main day.
    """
    if isinstance(record, Penalty) and record.decided_on is not None:
        return penalty_periods(
            book,
            decided_on=date.fromisoformat(record.decided_on),
            severity=severity or Severity.GENERAL,
            violation_type=record.violation_type,
            sent_until=_earliest((sent_until, _day(record.publicity_until))),
        )
    if isinstance(record, ListEntry) and record.listed_on is not None:
        return list_periods(
            book,
            list_code=record.list_code or "",
            listed_on=date.fromisoformat(record.listed_on),
            term_end=_earliest((sent_until, _day(record.term_end))),
            repair_earliest_on=_day(record.repair_earliest_on),
            removed_on=_day(record.removed_on),
        )
    return Periods()


def _minimum(bound: PublicityPeriod, violation_type: str | None) -> int:
    named = violation_type is not None and any(word in violation_type for word in bound.long_min_words)
    return bound.long_min_months if named and bound.long_min_months is not None else bound.min_months


def _earliest(days: Iterable[date | None]) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text is not None else None
