"""
What follows from a checked record besides its fields: its state, its class, its publicity days, whose it is. Pure.

Rules:
    - A record is judged by the rules in force on its decision day; what a live source answers is judged alike.
    - The state a source sends can only hide: 已撤销, 已修复 and the like count at once, 公示中 proves nothing.
    - A record belongs to the region of the body that decided it; a national body's, to the region that registered the
      subject. Both stand in codes, so it does not depend on what else is known by then.
    - A state text nobody knows keeps a record that has a publicity period from being published: RECEIVED, for a person.

Source: DOMAIN 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from hub.ingest.register import region_of
from schema.catalogue import ListEntry, Penalty, Registration
from schema.catalogue.model import Record
from schema.identifiers.uscc import check_uscc
from schema.publicity import (
    Periods,
    PublicityEvent,
    SeverityFinding,
    advance,
    periods_of,
    resolve_severity,
    tier_of_disclosure,
)
from schema.records import PublicityState, Severity, SeverityBasis
from schema.rules.book import RuleBook
from schema.tiers import Tier

_FLAG = "1"
_NATIONAL = "100000"
_STATES = "publicity_state"
# The same few authorities, days and classes stand in most rows.
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """
    What judging and showing a record needs; the same names as in `schema.records.StoredRecord`.

    Attributes:
        for_person: A person must look: the class has no basis in the rules, or the state text is unknown.
    """

    state: PublicityState
    severity: Severity | None = None
    severity_basis: SeverityBasis | None = None
    list_code: str | None = None
    tier: Tier | None = None
    authority: str | None = None
    region: str | None = None
    publicity_from: str | None = None
    publicity_to: str | None = None
    repairable_from: str | None = None
    decided_on: str | None = None
    published: bool = False
    for_person: bool = False

    def columns(self) -> dict[str, object]:
        """The columns of `record` that hold it."""
        return {
            "state": self.state.value,
            "severity": self.severity.value if self.severity else None,
            "severity_basis": self.severity_basis.value if self.severity_basis else None,
            "list_code": self.list_code,
            "tier": self.tier.value if self.tier else None,
            "authority": self.authority,
            "region": self.region,
            "publicity_from": self.publicity_from,
            "publicity_to": self.publicity_to,
            "repairable_from": self.repairable_from,
            "decided_on": self.decided_on,
            "published": self.published,
        }


class Judge:
    """
    Judges records by one book of rules. What recurs from record to record (days, classes) is worked out once.

    Build one for many records; it may be shared by tasks of one thread.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._periods = lru_cache(_REMEMBERED)(self._periods_of_penalty)
        self._class = lru_cache(_REMEMBERED)(self._class_of_penalty)
        self._ready = advance(advance(PublicityState.RECEIVED, PublicityEvent.CHECK), PublicityEvent.CLEAR)
        self._shown = advance(self._ready, PublicityEvent.PUBLISH)

    def judge(
        self,
        record: Record,
        extra: Mapping[str, str],
        *,
        subject: str,
        today: date,
        withdrawn: bool = False,
        source_region: str | None = None,
    ) -> Judged:
        """
        Judge a checked record.

        Args:
            record: Checked: its dates are ISO days.
            extra: What the source sent besides it, checked alike.
            subject: Subject code.
            today: Day in Asia/Shanghai.
            withdrawn: The source takes it back (`op` D).
            source_region: Region of the source, the last resort.
        """
        main_day = getattr(record, type(record).MAIN_DAY)
        severity, basis, unsure = self._severity(record, extra, main_day or today.isoformat())
        periods = self._days(record, severity, extra.get("publicity_to"))
        opens = extra.get("publicity_from") or _text(periods.publicity_from)
        state = self._state(record, extra, severity, opens=opens, today=today, withdrawn=withdrawn)
        authority = _authority(getattr(record, "authority_code", None))
        disclosure = extra.get("disclosure")
        return Judged(
            state=state,
            severity=severity,
            severity_basis=basis,
            list_code=record.list_code if isinstance(record, ListEntry) else None,
            tier=tier_of_disclosure(disclosure) if disclosure else None,
            authority=authority,
            region=_region(record, authority, subject) or source_region,
            publicity_from=opens,
            publicity_to=_text(periods.publicity_to),
            repairable_from=_text(periods.repairable_from),
            decided_on=main_day,
            published=extra.get("public_bulletin") == _FLAG,
            for_person=unsure or state is PublicityState.RECEIVED,
        )

    def _severity(
        self, record: Record, extra: Mapping[str, str], day: str
    ) -> tuple[Severity | None, SeverityBasis | None, bool]:
        sent = Severity(extra["severity"]) if extra.get("severity") else None
        if isinstance(record, Penalty):
            found = self._class(day, sent, record.violation_type, record.penalty_kinds or ())
            return found.severity, found.basis, found.for_person
        if isinstance(record, ListEntry) and sent is not None:
            return sent, SeverityBasis.SENT, False
        return None, None, False

    def _class_of_penalty(
        self, day: str, sent: Severity | None, violation_type: str | None, kinds: tuple[str, ...]
    ) -> SeverityFinding:
        rules = self._book.on(date.fromisoformat(day))
        return resolve_severity(rules, sent=sent, violation_type=violation_type, penalty_kinds=kinds)

    def _days(self, record: Record, severity: Severity | None, sent_until: str | None) -> Periods:
        if isinstance(record, Penalty):
            return self._periods(record.decided_on, record.violation_type, record.publicity_until, severity, sent_until)
        return periods_of(self._book, record, severity, sent_until=_day(sent_until))

    def _periods_of_penalty(
        self,
        decided_on: str | None,
        violation_type: str | None,
        publicity_until: str | None,
        severity: Severity | None,
        sent_until: str | None,
    ) -> Periods:
        alike = Penalty(decided_on=decided_on, violation_type=violation_type, publicity_until=publicity_until)
        return periods_of(self._book, alike, severity, sent_until=_day(sent_until))

    def _state(
        self,
        record: Record,
        extra: Mapping[str, str],
        severity: Severity | None,
        *,
        opens: str | None,
        today: date,
        withdrawn: bool,
    ) -> PublicityState:
        if withdrawn or extra.get("case_withdrawn") == _FLAG or getattr(record, "case_withdrawn", None) is True:
            return PublicityState.WITHDRAWN
        if extra.get("repaired") == _FLAG:
            return PublicityState.REPAIRED
        said = self._said(extra, severity, today)
        has_period = isinstance(record, Penalty | ListEntry)
        if said is PublicityState.RECEIVED and not has_period:
            said = PublicityState.PUBLISHED
        if said is not PublicityState.PUBLISHED:
            return said
        return self._ready if has_period and opens is not None and opens > today.isoformat() else self._shown

    def _said(self, extra: Mapping[str, str], severity: Severity | None, today: date) -> PublicityState:
        """The state the source's text means; RECEIVED if nobody knows the text."""
        text = extra.get("publicity_state", "").strip()
        if not text:
            return PublicityState.PUBLISHED
        found = self._book.on(today).value_list(_STATES).find(text)
        if found is None:
            return PublicityState.RECEIVED
        state = PublicityState(found)
        # A minor one is kept from the public by its class, for as long as it lasts: it is not waiting to be shown.
        minor = state is PublicityState.READY and severity is Severity.MINOR
        return PublicityState.PUBLISHED if minor else state


def judge(
    book: RuleBook,
    record: Record,
    extra: Mapping[str, str],
    *,
    subject: str,
    today: date,
    withdrawn: bool = False,
    source_region: str | None = None,
) -> Judged:
    """Judge one record; see `Judge.judge`. For many records build one `Judge`."""
    return Judge(book).judge(
        record, extra, subject=subject, today=today, withdrawn=withdrawn, source_region=source_region
    )


@lru_cache(maxsize=_REMEMBERED)
def _authority(code: str | None) -> str | None:
    return check_uscc(code).code if code else None


def _region(record: Record, authority: str | None, subject: str) -> str | None:
    if isinstance(record, Registration) and record.region:
        return record.region
    deciding = region_of(authority) if authority else None
    return deciding if deciding and deciding != _NATIONAL else region_of(subject)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
