"""A class is what the source says, else the ministry's table, else the default of the kind, else 一般 for a person."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rulebook import load_rules
from schema.publicity import resolve_severity
from schema.records import Severity, SeverityBasis
from schema.rules.book import RuleBook
from tests.schema.rules.texts import BASIS, SINCE, shipped, with_file

TABLE = '[[violation]]\ncode = "无证作业"\nseverity = "严重"\n' + SINCE + BASIS
DAY = date(2026, 11, 20)
RULES = load_rules().on(DAY)
KINDS = [*RULES.severity_defaults, "其他-责令改正", "不在表中"]


class TestResolveSeverity:
    @pytest.mark.parametrize("sent", Severity)
    def test_the_source_is_believed(self, sent):
        found = resolve_severity(RULES, sent=sent, violation_type="无证作业", penalty_kinds=("吊销许可证件", "警告"))

        assert (sent, SeverityBasis.SENT, False) == (found.severity, found.basis, found.for_person)

    def test_a_ministrys_table_comes_before_the_kind(self):
        book = RuleBook.parse(with_file("severity.toml", shipped()["severity.toml"] + TABLE))
        found = resolve_severity(book.on(DAY), sent=None, violation_type="无证作业", penalty_kinds=("警告",))

        assert (Severity.SERIOUS, SeverityBasis.TABLE, False) == (found.severity, found.basis, found.for_person)

    @pytest.mark.parametrize("violation_type", [None, "", "无证作业"])
    def test_without_a_table_the_kind_decides_and_it_is_marked_assumed(self, violation_type):
        found = resolve_severity(RULES, sent=None, violation_type=violation_type, penalty_kinds=("警告", "罚款"))

        assert (Severity.GENERAL, SeverityBasis.ASSUMED, False) == (found.severity, found.basis, found.for_person)

    @pytest.mark.parametrize("kinds", [(), ("其他-责令改正",), ("不在表中", "其他-甲")])
    def test_no_basis_is_general_and_for_a_person(self, kinds):
        found = resolve_severity(RULES, sent=None, violation_type=None, penalty_kinds=kinds)

        assert (Severity.GENERAL, SeverityBasis.NONE, True) == (found.severity, found.basis, found.for_person)

    @pytest.mark.parametrize(
        ("kinds", "severity"),
        [
            (("警告", "其他-责令改正"), Severity.GENERAL),  # a kind nobody knows never makes a decision minor
            (("罚款", "其他-责令改正"), Severity.GENERAL),
            (("吊销许可证件", "其他-责令改正"), Severity.SERIOUS),
        ],
    )
    def test_an_unknown_kind_beside_known_ones_is_for_a_person_too(self, kinds, severity):
        found = resolve_severity(RULES, sent=None, violation_type=None, penalty_kinds=kinds)

        assert (severity, SeverityBasis.ASSUMED, True) == (found.severity, found.basis, found.for_person)

    @given(st.lists(st.sampled_from(KINDS)), st.sampled_from(KINDS))
    def test_one_kind_more_never_makes_it_milder(self, kinds, more):
        order = list(Severity)
        fewer = resolve_severity(RULES, sent=None, violation_type=None, penalty_kinds=kinds)
        found = resolve_severity(RULES, sent=None, violation_type=None, penalty_kinds=[*kinds, more])

        assert (
            order.index(fewer.severity) <= order.index(found.severity)
            or fewer.basis is SeverityBasis.NONE  # a first basis may find 轻微 where there was none
        )
