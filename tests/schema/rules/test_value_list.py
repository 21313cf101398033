"""What a text means under a value list."""

from datetime import date

import pytest

from schema.rules.book import RuleBook
from tests.schema.rules.texts import shipped

RULES = RuleBook.parse(shipped()).on(date(2026, 11, 20))


class TestFind:
    @pytest.mark.parametrize("text", ["罚款", "其他-责令限期拆除"])
    def test_a_value_and_an_open_text_stay_as_they_are(self, text):
        assert text == RULES.value_list("penalty_kind").find(text)

    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("counterparty_kind", "企业", "法人及非法人组织"),
            ("penalty_kind", "吊销营业执照", "吊销许可证件"),
            ("enterprise_status", "在业", "存续"),
            ("list_code", "失信被执行人", "L01"),
            ("disclosure", "1", "社会公开"),
        ],
    )
    def test_a_synonym_gets_its_value(self, name, text, value):
        assert value == RULES.value_list(name).find(text)

    @pytest.mark.parametrize("text", ["", "其他", "其他-", "其他责令", " 罚款", "罚款;警告", "fine", "没收"])
    def test_anything_else_means_nothing(self, text):
        assert RULES.value_list("penalty_kind").find(text) is None

    def test_a_closed_list_takes_no_open_text(self):
        assert RULES.value_list("counterparty_kind").find("其他-军队") is None

    def test_before_the_law_of_2021_some_kinds_did_not_exist(self):
        old = RuleBook.parse(shipped()).on(date(2021, 7, 14)).value_list("penalty_kind")

        assert old.find("通报批评") is None
        assert "警告" == old.find("警告")
