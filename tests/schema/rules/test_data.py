"""The shipped rule data says what DOMAIN says, line by line."""

from datetime import date

import pytest

from schema.catalogue.model import Category
from schema.records import Severity
from schema.rules.book import RuleBook
from schema.tiers import Tier
from tests.schema.rules.texts import shipped

RULES = RuleBook.parse(shipped()).on(date(2026, 11, 20))


class TestValueLists:
    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("counterparty_kind", "法人及非法人组织 自然人 个体工商户"),
            (
                "id_type",
                "身份证 护照号 港澳居民来往内地通行证 台湾居民来往大陆通行证 外国人永久居留身份证",
            ),
            ("licence_kind", "普通 特许 认可 核准 登记"),
            ("licence_state", "1 2"),
            (
                "penalty_kind",
                (
                    "警告 通报批评 罚款 没收违法所得 没收非法财物 暂扣许可证件 降低资质等级 "
                    "吊销许可证件 限制开展生产经营活动 责令停产停业 责令关闭 限制从业 行政拘留"
                ),
            ),
            ("commitment_type", "审批替代 证明事项 信用修复 主动 行业自律 容缺"),
            ("commitment_state", "承诺 履行中 已履行 未履行"),
            ("disclosure", "社会公开 政务共享 授权查询"),
            ("severity", "轻微 一般 严重"),
        ],
    )
    def test_the_lists_are_whole_and_in_order(self, name, values):
        assert tuple(values.split()) == RULES.value_list(name).values

    @pytest.mark.parametrize("name", ["id_type", "licence_kind", "penalty_kind"])
    def test_what_is_none_of_them_must_say_what_it_is(self, name):
        assert "其他-" == RULES.value_list(name).open_prefix

    @pytest.mark.parametrize("name", ["counterparty_kind", "licence_state", "severity", "disclosure"])
    def test_the_other_lists_are_closed(self, name):
        assert RULES.value_list(name).open_prefix is None


class TestPublicity:
    @pytest.mark.parametrize(
        ("severity", "shown", "least", "most"),
        [
            (Severity.MINOR, False, 0, 3),
            (Severity.GENERAL, True, 3, 12),
            (Severity.SERIOUS, True, 12, 36),
        ],
    )
    def test_order_36(self, severity, shown, least, most):
        period = RULES.publicity_period(severity)

        assert (shown, least, most) == (period.shown, period.min_months, period.max_months)

    @pytest.mark.parametrize(
        ("code", "severity"),
        [("T03", Severity.MINOR), ("T04", Severity.GENERAL), ("T05", Severity.SERIOUS)],
    )
    def test_the_time_limits_say_the_same(self, code, severity):
        limit, period = RULES.time_limit(code), RULES.publicity_period(severity)

        assert (period.min_months, period.max_months) == (limit.value, limit.maximum)

    @pytest.mark.parametrize("kind", RULES.value_list("penalty_kind").values)
    def test_every_penalty_kind_has_a_default(self, kind):
        assert RULES.severity_default([kind]) is not None

    @pytest.mark.parametrize("kind", ["吊销许可证件", "降低资质等级", "责令停产停业", "限制从业"])
    def test_what_takes_a_business_away_is_serious(self, kind):
        assert Severity.SERIOUS is RULES.severity_default([kind])

    def test_no_table_of_violations_has_been_seen(self):
        assert {} == RULES.violations


class TestListTypes:
    def test_all_fifteen_lists_are_known(self):
        expected = [*(f"L{number:02}" for number in range(1, 13)), "W01", "W02", "W03"]

        assert expected == list(RULES.list_types)

    @pytest.mark.parametrize("code", list(RULES.list_types))
    def test_category_and_tier_follow_from_the_list(self, code):
        watch = {"W01": Tier.P, "W02": Tier.G, "W03": Tier.I}
        found = RULES.list_type(code)

        assert watch.get(code, Tier.P) is found.tier
        assert (Category.C10 if code in watch else Category.C09) is found.category

    @pytest.mark.parametrize(
        ("code", "least", "most"),
        [
            ("L01", 24, 24),
            ("L02", 36, 36),
            ("L03", 36, 36),
            ("L04", 12, 36),
            ("L05", 36, 36),
            ("L06", 36, 36),
            ("L07", 12, 36),
            ("L08", 24, 24),
            ("L09", 12, 12),
            ("L10", 12, 24),
            ("L11", 12, 12),
            ("L12", None, None),
            ("W01", None, None),
            ("W02", None, None),
            ("W03", None, None),
        ],
    )
    def test_usual_terms(self, code, least, most):
        found = RULES.list_type(code)

        assert (least, most) == (found.term_min_months, found.term_max_months)

    def test_repair_of_the_two_lists_that_say_so(self):
        expected = {"L02": 12, "L06": 12}

        assert expected == {
            code: one.repair_from_months for code, one in RULES.list_types.items() if one.repair_from_months is not None
        }


class TestTheRest:
    @pytest.mark.parametrize(
        ("code", "category", "grades"),
        [
            ("GBT45255-2025", Category.C11, "A B C D"),
            ("CEC", Category.C12, "AAA AA A B C"),
            ("AH-POWER", Category.C12, "AAA AA A B C"),
            ("SX-RETAIL", Category.C12, "AAA AA A B C D"),
        ],
    )
    def test_schemes_run_from_best_to_worst(self, code, category, grades):
        scheme = RULES.grade_scheme(code)

        assert (category, tuple(grades.split())) == (scheme.category, scheme.grades)

    def test_measures_by_class(self):
        by_class = {
            name: [one.code for one in RULES.measures if one.measure_class == name] for name in ("I", "II", "III")
        }

        assert {"I": 5, "II": 4, "III": 3} == {name: len(codes) for name, codes in by_class.items()}

    @pytest.mark.parametrize(
        ("code", "value", "unit"),
        [
            ("T01", 7, "working_day"),
            ("T02", 5, "working_day"),
            ("T06", 3, "working_day"),
            ("T07", 7, "working_day"),
            ("T08", 10, "working_day"),
            ("T09", 3, "working_day"),
            ("T10", 7, "working_day"),
            ("T11", 5, "day_of_month"),
            ("T12", 60, "second"),
            ("T13a", 5, "working_day"),
            ("T13b", 7, "day"),
            ("T14", 5, "working_day"),
            ("T15a", 30, "day"),
            ("T15b", 7, "day"),
            ("T15c", 3, "day"),
            ("T16a", 30, "day"),
            ("T16b", 1, "year"),
            ("T17", 1, "year"),
            ("T18a", 10, "working_day"),
            ("T18b", 10, "working_day"),
        ],
    )
    def test_time_limits(self, code, value, unit):
        limit = RULES.time_limit(code)

        assert (value, unit) == (limit.value, limit.unit)

    def test_a_repair_may_take_ten_days_more(self):
        assert 10 == RULES.time_limit("T07").extension
