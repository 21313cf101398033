"""Personal data in free text: found however it is written; other numbers and hidden names left alone."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.identifiers.uscc import USCC_ALPHABET, compose
from schema.validation.personal import PersonalData, may_hold_personal_data, personal_spans

CITIZEN = "11010519491231002X"
CARD = "6222021234567890128"


def luhn(body: str) -> str:
    digits = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    return body + str(-sum(value - 9 if value > 9 else value for value in digits) % 10)


def kinds(text: str) -> list[PersonalData]:
    return [span.kind for span in personal_spans(text)]


class TestCitizenNumber:
    @pytest.mark.parametrize(
        "text",
        [
            f"张某（身份证号{CITIZEN}）",
            f"{CITIZEN}",
            "110105 19491231 002x，",
            "110105-19491231-002X",
            " ".join(CITIZEN),
            "110105\n19491231\n002X",
            "1101.05，1949／1231·002_X",
        ],
    )
    def test_found(self, text):
        assert [PersonalData.CITIZEN_NUMBER] == kinds(text)

    @pytest.mark.parametrize("text", ["110105********002*", "11010519491231002", "文书第110105194912310021号"])
    def test_masked_or_wrong_is_none(self, text):
        assert [] == kinds(text)

    def test_is_not_a_bank_card_as_well(self):
        """A citizen number of Sichuan begins like a card, and one in ten passes Luhn."""
        for order in range(1000):
            body = f"5101051985010100{order % 10}"
            text = f"号码{body}{'10X98765432'[sum(int(d) * w for d, w in zip(body, W, strict=True)) % 11]}"

            assert PersonalData.BANK_ACCOUNT not in kinds(text)


W = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class TestMobile:
    @pytest.mark.parametrize(
        "text",
        ["电话13812345678。", "(13812345678)", "+8613812345678", "86-138 1234 5678", "138-1234-5678", "19912345678"],
    )
    def test_found(self, text):
        assert [PersonalData.MOBILE] == kinds(text)

    @pytest.mark.parametrize(
        "text",
        [
            "028-87654321",
            "第213812345678号",
            "A13812345678",
            "138123456789",
            "12812345678",
            "罚没13812345678元",
            "合计13812345678 万元",
            "13812345678.50元",
            "1.13812345678",
        ],
    )
    def test_other_numbers_are_none(self, text):
        assert [] == kinds(text)


class TestBankAccount:
    @pytest.mark.parametrize("body", ["622202123456789012", "411111111111111", "356600201234567", "95588012345678901"])
    def test_card_with_true_check_is_found(self, body):
        assert [PersonalData.BANK_ACCOUNT] == kinds(f"汇至{luhn(body)}。")

    def test_card_in_groups_is_found(self):
        number = luhn("622202123456789012")

        assert [PersonalData.BANK_ACCOUNT] == kinds(" ".join(number[i : i + 4] for i in range(0, 19, 4)))

    @pytest.mark.parametrize(
        "text", ["账号：510501234567890", "开户行农行，账户 123456789012", "卡号1234567890", "帐号为 0012 3456 7890"]
    )
    def test_number_called_an_account_is_found(self, text):
        assert PersonalData.BANK_ACCOUNT in kinds(text)

    def test_card_called_an_account_is_one_span(self):
        assert [PersonalData.BANK_ACCOUNT] == kinds(f"账号{luhn('622202123456789012')}")

    @pytest.mark.parametrize(
        "text",
        [
            "6222021234567890127",
            "账号，共3个",
            "账户12345678",
            "用电户号5100001234",
            luhn("222202123456789012"),
            f"批次X{luhn('622202123456789012')}",
        ],
    )
    def test_other_numbers_are_none(self, text):
        assert PersonalData.BANK_ACCOUNT not in kinds(text)

    @given(st.text(st.sampled_from("0123456789"), min_size=8, max_size=8))
    def test_a_credit_code_is_never_personal_data(self, serial):
        assert [] == kinds(f"统一社会信用代码{compose('91510100', serial)}")

    @given(st.text(st.sampled_from(USCC_ALPHABET), min_size=8, max_size=8))
    def test_nor_one_with_letters(self, serial):
        assert [] == kinds(compose("91440119", serial))


class TestMinor:
    @pytest.mark.parametrize(
        "text",
        [
            "招用未成年人王小明从事高处作业，未成年人：王小明。",
            "未成年工（李小红）在岗",
            "未成年人欧阳小明，系学徒",
            "王小明（15岁）触电",
            "王小明，男，15周岁，",
            "李红(女，9岁)",
            "赵强，年龄：16岁",
            "未成年学生陈晨等3人",
        ],
    )
    def test_found(self, text):
        assert PersonalData.MINOR in kinds(text)

    @pytest.mark.parametrize(
        "text",
        [
            "未成年人张某",
            "未成年人李某某（15岁）",
            "李某红，女，15岁",
            "张**，男，15岁",
            "未成年人保护法第六十一条",
            "招用未满16岁人员",
            "王小明（35岁）",
            "王小明，男，18周岁",
            "未成年人于2026年进入厂区",
            "岁修工程",
        ],
    )
    def test_hidden_names_adults_and_laws_are_none(self, text):
        assert PersonalData.MINOR not in kinds(text)


class TestPersonalSpans:
    def test_places_are_those_of_the_text(self):
        (span,) = personal_spans("电话13812345678。")

        assert (2, 13) == (span.start, span.end)

    def test_several_in_their_order(self):
        text = f"王小明（15岁），电话13812345678，身份证{CITIZEN}"

        assert [PersonalData.MINOR, PersonalData.MOBILE, PersonalData.CITIZEN_NUMBER] == kinds(text)

    @given(st.text(st.sampled_from("0123456789 -X王小明（15岁）未成年人账号：，138"), max_size=60))
    def test_spans_never_overlap_and_the_quick_look_misses_none(self, text):
        spans = personal_spans(text)

        assert all(one.end <= other.start for one, other in pairwise(spans))
        assert not spans or may_hold_personal_data(text)
