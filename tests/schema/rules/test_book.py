"""A record is judged by the rules of its day; the book finds them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.records import Severity
from schema.rules.book import RuleBook
from schema.rules.errors import NoRuleError
from tests.schema.rules.texts import BASIS, shipped, with_file

BOOK = RuleBook.parse(shipped())
ENERGY = date(2026, 11, 20)


def versions(*spans: tuple[str, str, str | None]) -> str:
    """Severity defaults of 罚款, one version for each (class, from, to)."""
    return "".join(
        f'[[default]]\ncode = "罚款"\nseverity = "{severity}"\neffective_from = {since}\n'
        + (f"effective_to = {until}\n" if until else "")
        + BASIS
        for severity, since, until in spans
    )


class TestOn:
    @given(st.dates())
    def test_there_is_a_page_for_every_day(self, day):
        page = BOOK.on(day)

        assert page.since <= day
        assert all(later.since > day for later in BOOK.pages[BOOK.pages.index(page) + 1 :])

    @pytest.mark.parametrize(
        ("day", "regime"),
        [
            (date(2023, 4, 30), "order-58"),
            (date(2023, 5, 1), "order-58"),
            (date(2026, 3, 31), "order-58"),
            (date(2026, 4, 1), "order-36"),
            (date.max, "order-36"),
        ],
    )
    def test_the_regime_changes_with_its_day(self, day, regime):
        assert regime == BOOK.on(day).publicity_period(Severity.GENERAL).regime

    def test_before_the_first_version_the_first_stands(self):
        book = RuleBook.parse(
            with_file("severity.toml", versions(("严重", "2022-01-01", None), ("轻微", "2020-01-01", "2021-12-31"))),
        )

        assert Severity.MINOR is book.on(date(1999, 1, 1)).severity_default(["罚款"])
        assert Severity.MINOR is book.on(date(2021, 12, 31)).severity_default(["罚款"])
        assert Severity.SERIOUS is book.on(date(2022, 1, 1)).severity_default(["罚款"])

    def test_in_a_gap_and_after_the_last_day_nothing_stands(self):
        book = RuleBook.parse(
            with_file(
                "severity.toml", versions(("轻微", "2020-01-01", "2020-12-31"), ("一般", "2022-01-01", "2022-12-31"))
            ),
        )

        assert [None, Severity.GENERAL, None] == [
            book.on(date(year, 6, 1)).severity_default(["罚款"]) for year in (2021, 2022, 2023)
        ]

    def test_an_entry_that_ends_with_time_itself_is_read(self):
        text = versions(("轻微", "2020-01-01", "9999-12-31"))

        assert Severity.MINOR is RuleBook.parse(with_file("severity.toml", text)).on(date.max).severity_default(
            ["罚款"]
        )

    def test_a_measure_is_never_dated_back(self):
        assert () == BOOK.on(date(2024, 12, 31)).measures
        assert 12 == len(BOOK.on(date(2025, 1, 1)).measures)

    def test_a_page_cannot_be_changed(self):
        with pytest.raises(TypeError):
            BOOK.on(ENERGY).value_lists["x"] = BOOK.on(ENERGY).value_list("id_type")  # type: ignore[index]


class TestRules:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda rules: rules.value_list("colour"),
            lambda rules: rules.list_type("L99"),
            lambda rules: rules.grade_scheme("MOODY"),
            lambda rules: rules.time_limit("T99"),
        ],
    )
    def test_what_is_not_in_force_is_refused(self, ask):
        with pytest.raises(NoRuleError, match="in the rules in force since 2026-04-01"):
            ask(BOOK.on(ENERGY))

    def test_a_class_without_period_is_refused(self):
        book = RuleBook.parse(with_file("publicity.toml", ""))

        with pytest.raises(NoRuleError, match="no publicity period '严重'"):
            book.on(ENERGY).publicity_period(Severity.SERIOUS)

    @pytest.mark.parametrize(
        ("kinds", "expected"),
        [
            ([], None),
            (["其他-责令改正"], None),
            (["警告"], Severity.MINOR),
            (["通报批评", "警告"], Severity.MINOR),
            (["警告", "罚款"], Severity.GENERAL),
            (["罚款", "没收违法所得"], Severity.GENERAL),
            (["暂扣许可证件"], Severity.GENERAL),
            (["罚款", "吊销许可证件", "警告"], Severity.SERIOUS),
            (["警告", "其他-责令改正"], Severity.MINOR),
        ],
    )
    def test_of_several_kinds_the_longest_counts(self, kinds, expected):
        assert expected is BOOK.on(ENERGY).severity_default(kinds)

    def test_measures_follow_from_a_list(self):
        assert ["M03"] == [measure.code for measure in BOOK.on(ENERGY).measures_for("L01")]
        assert () == BOOK.on(ENERGY).measures_for("W02")

    def test_lists_and_schemes_are_value_lists_too(self):
        rules = BOOK.on(ENERGY)

        assert "W01" == rules.value_list("list_code").find("经营异常名录")
        assert "GBT45255-2025" == rules.value_list("grade_scheme").find("公共信用综合评价")
        assert set(rules.list_types) == set(rules.value_list("list_code").values)
        assert set(rules.grade_schemes) == set(rules.value_list("grade_scheme").values)


class TestPeriodsFor:
    @pytest.mark.parametrize(
        ("day", "regimes"),
        [
            (date(2020, 1, 1), ["order-58", "order-36"]),
            (date(2023, 5, 1), ["order-58", "order-36"]),
            (date(2026, 3, 31), ["order-58", "order-36"]),
            (date(2026, 4, 1), ["order-36"]),
        ],
    )
    def test_an_older_record_is_bound_by_both_orders(self, day, regimes):
        for severity in Severity:
            assert regimes == [period.regime for period in BOOK.periods_for(severity, day)]

    def test_a_later_regime_that_does_not_reach_back_is_left_out(self):
        text = shipped()["publicity.toml"].replace('older = "earlier-end"\n', "")
        book = RuleBook.parse(with_file("publicity.toml", text))

        assert ["order-58"] == [period.regime for period in book.periods_for(Severity.GENERAL, date(2025, 1, 1))]

    def test_a_class_without_any_period_is_refused(self):
        with pytest.raises(NoRuleError, match="no publicity period '轻微'"):
            RuleBook.parse(with_file("publicity.toml", "")).periods_for(Severity.MINOR, ENERGY)

    def test_a_class_whose_rules_have_ended_is_refused(self):
        text = shipped()["publicity.toml"].split("# Order 36", maxsplit=1)[0]
        book = RuleBook.parse(with_file("publicity.toml", text))

        assert ["order-58"] == [period.regime for period in book.periods_for(Severity.MINOR, date(2026, 3, 31))]
        with pytest.raises(NoRuleError):
            book.periods_for(Severity.MINOR, date(2026, 4, 1))
