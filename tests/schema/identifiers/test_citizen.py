"""Citizen numbers: found wherever they hide, hidden wholly, and nothing else taken for one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.identifiers.citizen import is_citizen_number, masked_citizen_number, spans_of_citizen_numbers
from schema.identifiers.uscc import compose

VECTOR = "11010519491231002X"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def numbered(body: str) -> str:
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def numbered_or_none(body: str) -> str | None:
    return numbered(body) if body.isdigit() else None


class TestIsCitizenNumber:
    def test_vector_of_the_standard(self):
        assert is_citizen_number(VECTOR)
        assert is_citizen_number(VECTOR.lower())

    @pytest.mark.parametrize(
        "text",
        [
            "",
            VECTOR[:-1],
            VECTOR[:-1] + "1",
            numbered("11010519490231002"),
            numbered("11010518991231002"),
            numbered("11010521001231002"),
            "1101051949123100２X",
            "X1010519491231002X",
        ],
    )
    def test_wrong_check_impossible_date_or_other_shape_is_none(self, text):
        assert not is_citizen_number(text)

    def test_a_credit_code_is_never_one_even_if_all_its_digits_fit(self):
        """The region's last digits and the serial can read as a birth date, and both checks can hold at once."""
        both = [
            code
            for serial in (f"{year:02}0101{order:02}" for year in range(100) for order in range(100))
            if (code := compose("91440119", serial)) == numbered_or_none(code[:17])
        ]

        assert both
        assert not any(is_citizen_number(code) for code in both)


class TestSpansOfCitizenNumbers:
    @pytest.mark.parametrize(
        "text",
        [
            f"当事人身份证号{VECTOR}，住成都市",
            f"({VECTOR})",
            f"号码：{VECTOR[:6]} {VECTOR[6:14]} {VECTOR[14:]}",
            f"号码：{VECTOR[:6]}-{VECTOR[6:14]}-{VECTOR[14:]}",
            "".join(chr(ord(character) + 0xFEE0) for character in VECTOR),
            f"{VECTOR.lower()}",
        ],
    )
    def test_found_however_written(self, text):
        ((start, end),) = spans_of_citizen_numbers(text)

        assert "1" == text[start].translate({0xFF11: "1"})
        assert text[end - 1] in "XxＸ"

    @pytest.mark.parametrize(
        "between",
        [
            "\n",
            "\r\n",
            "\u3000",
            " - ",
            ".",
            "·",
            "/",
            "_",
            ",",
            "，",
            "．",
            "／",
            "＿",
            "－",
            " , ",
            "\xa0",
            "–",
            "\u200b",
        ],
    )
    def test_found_through_separators(self, between):
        assert ((2, 2 + 18 + 2 * len(between)),) == spans_of_citizen_numbers(
            f"号码{VECTOR[:6]}{between}{VECTOR[6:14]}{between}{VECTOR[14:]}。"
        )
        assert 1 == len(spans_of_citizen_numbers(between.join(VECTOR)))

    @pytest.mark.parametrize("before", ["3, ", "12 34 ", "2026-03-05 ", "2026-03-05-00 ", "1,234,567.00 "])
    def test_a_number_before_it_does_not_hide_it(self, before):
        text = f"{before}11010519 49123100 2X"

        assert ((len(before), len(text)),) == spans_of_citizen_numbers(text)

    def test_spans_do_not_overlap(self):
        """Whoever replaces them one by one relies on it."""
        spans = spans_of_citizen_numbers(" ".join([VECTOR, *VECTOR] * 3))

        assert all(one[1] <= other[0] for one, other in pairwise(spans))

    def test_each_of_several_is_found(self):
        assert 2 == len(spans_of_citizen_numbers(f"{VECTOR}、{VECTOR}"))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "川能罚〔2026〕第110105194912310021号",
            f"A{VECTOR}",
            f"1{VECTOR}",
            f"{VECTOR}9",
            "统一社会信用代码91510100MA61R5A11Y",
            "110105********002*",
            "2026-01-01 12:00:00 000000",
            "    ".join([VECTOR[:6], VECTOR[6:]]),
            "2026-03-05, 2026-06-05, 2026-09-05",
        ],
    )
    def test_other_numbers_are_left_alone(self, text):
        assert () == spans_of_citizen_numbers(text)

    def test_places_hold_in_text_that_folding_would_lengthen(self):
        text = f"㎏㎏½{VECTOR}"

        assert ((3, 21),) == spans_of_citizen_numbers(text)


class TestMaskedCitizenNumber:
    def test_birth_date_and_check_are_hidden(self):
        assert "110105********002*" == masked_citizen_number(VECTOR)

    @given(st.text(max_size=17))
    def test_other_documents_are_hidden_whole(self, text):
        assert "*" * len(text) == masked_citizen_number(text)
