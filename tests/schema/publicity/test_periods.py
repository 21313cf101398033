"""From when to when, and from when repair may be asked."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rulebook import load_rules
from schema.catalogue import KINDS, ListEntry, Penalty
from schema.publicity import Periods, list_periods, penalty_periods, periods_of
from schema.records import Severity
from schema.rules.book import RuleBook
from schema.rules.errors import NoRuleError
from tests.schema.rules.texts import with_file

BOOK = load_rules()
DAYS = st.dates(date(2010, 1, 1), date(2060, 1, 1))


def day(text):
    return date.fromisoformat(text) if text else None


class TestPenaltyPeriods:
    @pytest.mark.parametrize(
        ("decided", "severity", "until", "repairable", "shown"),
        [
            # order 36
            ("2026-04-01", Severity.MINOR, "2026-07-01", "2026-04-01", False),
            ("2026-04-01", Severity.GENERAL, "2027-04-01", "2026-07-01", True),
            ("2026-04-01", Severity.SERIOUS, "2029-04-01", "2027-04-01", True),
            ("2026-11-30", Severity.GENERAL, "2027-11-30", "2027-02-28", True),
            ("2028-02-29", Severity.GENERAL, "2029-02-28", "2028-05-29", True),
            ("2028-02-29", Severity.SERIOUS, "2031-02-28", "2029-02-28", True),
            # decided under order 58: the earlier of both ends
            ("2026-03-31", Severity.MINOR, "2026-06-30", "2026-03-31", False),
            ("2026-03-31", Severity.GENERAL, "2027-03-31", "2026-06-30", True),
            ("2026-03-31", Severity.SERIOUS, "2029-03-31", "2026-06-30", True),
            ("2023-05-01", Severity.GENERAL, "2024-05-01", "2023-08-01", True),
            ("2022-01-01", Severity.SERIOUS, "2025-01-01", "2022-04-01", True),
        ],
    )
    def test_by_class_and_day(self, decided, severity, until, repairable, shown):
        found = penalty_periods(BOOK, decided_on=day(decided), severity=severity)

        assert (day(decided), day(until), day(repairable), shown) == (
            found.publicity_from,
            found.publicity_to,
            found.repairable_from,
            found.shown,
        )

    @pytest.mark.parametrize(
        ("decided", "violation", "repairable"),
        [
            ("2025-06-01", "消防安全违法", "2026-06-01"),
            ("2025-06-01", "未落实安全生产责任", "2026-06-01"),
            ("2025-06-01", "特种设备未检验", "2026-06-01"),
            ("2025-06-01", "无证施工", "2025-09-01"),
            ("2025-06-01", None, "2025-09-01"),
            ("2026-06-01", "消防安全违法", "2027-06-01"),  # order 36 asks a year of every serious class
        ],
    )
    def test_some_fields_had_a_longer_minimum(self, decided, violation, repairable):
        found = penalty_periods(BOOK, decided_on=day(decided), severity=Severity.SERIOUS, violation_type=violation)

        assert day(repairable) == found.repairable_from

    @pytest.mark.parametrize(
        ("sent", "until"),
        [
            ("2026-12-31", "2026-12-31"),
            ("2027-04-01", "2027-04-01"),
            ("2027-04-02", "2027-04-01"),
            ("2099-12-31", "2027-04-01"),
            (None, "2027-04-01"),
        ],
    )
    def test_of_two_ends_the_earlier_is_shown(self, sent, until):
        found = penalty_periods(BOOK, decided_on=day("2026-04-01"), severity=Severity.GENERAL, sent_until=day(sent))

        assert day(until) == found.publicity_to
        assert day("2027-04-01") == found.computed_to

    def test_the_regimes_are_named(self):
        assert ("order-58", "order-36") == penalty_periods(
            BOOK, decided_on=day("2025-01-01"), severity=Severity.MINOR
        ).regimes
        assert ("order-36",) == penalty_periods(BOOK, decided_on=day("2026-04-01"), severity=Severity.MINOR).regimes

    def test_a_class_without_any_rule_is_refused(self):
        book = RuleBook.parse(with_file("publicity.toml", ""))

        with pytest.raises(NoRuleError, match="no publicity period '一般'"):
            penalty_periods(book, decided_on=day("2026-04-01"), severity=Severity.GENERAL)

    @given(DAYS)
    def test_a_graver_class_never_ends_earlier(self, decided):
        ends = [penalty_periods(BOOK, decided_on=decided, severity=severity).publicity_to for severity in Severity]

        assert sorted(ends) == ends

    @given(DAYS, st.sampled_from(Severity))
    def test_the_transition_never_prolongs(self, decided, severity):
        """What order 36 would allow, and what order 58 allowed, both bound a record decided under order 58."""
        found = penalty_periods(BOOK, decided_on=decided, severity=severity)
        new = BOOK.on(date(2026, 4, 1)).publicity_period(severity)

        assert (found.publicity_to.year - decided.year) * 12 + found.publicity_to.month - decided.month <= (
            new.max_months
        )
        assert found.repairable_from <= found.publicity_to

    @given(DAYS, st.sampled_from(Severity), DAYS)
    def test_what_a_source_sends_never_prolongs(self, decided, severity, sent):
        free = penalty_periods(BOOK, decided_on=decided, severity=severity)
        bound = penalty_periods(BOOK, decided_on=decided, severity=severity, sent_until=sent)

        assert bound.publicity_to == min(free.publicity_to, sent)


class TestListPeriods:
    @pytest.mark.parametrize(
        ("code", "given", "until", "repairable"),
        [
            ("L01", {}, "2028-06-30", None),
            ("L02", {}, "2029-06-30", "2027-06-30"),
            ("L04", {}, "2029-06-30", None),
            ("L09", {}, "2027-06-30", None),
            ("L04", {"term_end": "2027-12-31"}, "2027-12-31", None),
            ("L01", {"term_end": "2031-06-30"}, "2031-06-30", None),  # prolonged by the court
            ("L02", {"repair_earliest_on": "2027-01-01"}, "2029-06-30", "2027-01-01"),
            ("L02", {"removed_on": "2027-08-01"}, "2027-07-31", "2027-06-30"),
            ("L02", {"removed_on": "2039-08-01"}, "2029-06-30", "2027-06-30"),
            ("L12", {}, None, None),
            ("W01", {}, None, None),
            ("W01", {"removed_on": "2026-07-01"}, "2026-06-30", None),
            ("W02", {"term_end": "2027-06-30"}, "2027-06-30", None),
            ("L99", {}, None, None),
        ],
    )
    def test_term_removal_and_repair(self, code, given, until, repairable):
        days = {name: day(text) for name, text in given.items()}
        found = list_periods(BOOK, list_code=code, listed_on=day("2026-06-30"), **days)

        assert (day("2026-06-30"), day(until), day(repairable)) == (
            found.publicity_from,
            found.publicity_to,
            found.repairable_from,
        )


class TestPeriodsOf:
    def test_a_penalty_takes_its_own_end_and_the_one_beside_it(self):
        record = Penalty(decided_on="2026-04-01", publicity_until="2027-01-31", violation_type="无证施工")

        assert day("2027-01-31") == periods_of(BOOK, record, None).publicity_to
        assert day("2026-12-01") == periods_of(BOOK, record, None, sent_until=day("2026-12-01")).publicity_to
        assert (
            day("2027-01-31") == periods_of(BOOK, record, Severity.SERIOUS, sent_until=day("2028-01-01")).publicity_to
        )

    def test_a_penalty_of_no_class_counts_as_general(self):
        assert day("2027-04-01") == periods_of(BOOK, Penalty(decided_on="2026-04-01"), None).publicity_to

    def test_a_list_entry_goes_by_its_list(self):
        record = ListEntry(
            list_code="L02",
            listed_on="2026-06-30",
            term_end="2028-06-30",
            removed_on="2027-10-01",
            repair_earliest_on="2027-01-01",
        )
        found = periods_of(BOOK, record, None)

        assert (day("2027-09-30"), day("2027-01-01")) == (found.publicity_to, found.repairable_from)
        assert day("2027-05-01") == periods_of(BOOK, record, None, sent_until=day("2027-05-01")).publicity_to

    def test_a_list_entry_without_list_has_no_end(self):
        assert periods_of(BOOK, ListEntry(listed_on="2026-06-30"), None).publicity_to is None

    @pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
    def test_without_a_main_day_there_are_no_days(self, kind):
        assert Periods() == periods_of(BOOK, kind(), Severity.SERIOUS)

    @pytest.mark.parametrize("name", [name for name in KINDS if name not in {"Penalty", "ListEntry"}])
    def test_no_other_kind_has_a_publicity_period(self, name):
        kind = KINDS[name]

        assert Periods() == periods_of(BOOK, kind(**{kind.MAIN_DAY: "2026-04-01"}), None)
