"""Amounts as exact decimal text, and fines as decisions write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.validation.amounts import agrees, fines_in, fits, is_unit_slip, read_amount


class TestReadAmount:
    @pytest.mark.parametrize("text", ["0", "5", "0.500000", "-3", "007", "1234567.123456", "0.1"])
    def test_kept_exactly_as_sent(self, text):
        assert text == read_amount(text)

    @pytest.mark.parametrize(
        ("text", "amount"), [("1,234.50", "1234.50"), ("12,345,678", "12345678"), ("1，000", "1000")]
    )
    def test_thousands_separators_are_dropped(self, text, amount):
        assert amount == read_amount(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "5万元",
            "5.",
            ".5",
            "+5",
            "1e3",
            "NaN",
            "Infinity",
            "1,23",
            "1,2345",
            "￥5",
            "5 ",
            "伍",
            "٥",
            "1.2.3",
            "--1",
            "0x1F",
            "1_000",
        ],
    )
    def test_everything_else_is_refused(self, text):
        assert read_amount(text) is None

    @given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
    def test_every_decimal_survives_digit_by_digit(self, amount):
        text = f"{amount:f}"

        assert text == read_amount(text)


class TestFits:
    @pytest.mark.parametrize("amount", ["1234567.123456", "0", "-1234567", "00000001.1"])
    def test_within(self, amount):
        assert fits(amount, (7, 6))

    @pytest.mark.parametrize("amount", ["12345678", "0.1234567", "-12345678.1"])
    def test_beyond(self, amount):
        assert not fits(amount, (7, 6))


class TestFinesIn:
    @pytest.mark.parametrize(
        ("text", "yuan"),
        [
            ("罚款5000元", ["5000"]),
            ("罚款人民币5,000.50元整", ["5000.50"]),
            ("处以罚款人民币伍万元整", ["50000"]),
            ("罚款：壹拾贰万叁仟肆佰伍拾陆元", ["123456"]),
            ("并处5万元罚款", ["50000"]),
            ("处1.5万元的罚款", ["15000"]),
            ("罚款二十五万元", ["250000"]),
            ("罚款一亿二千万元", ["120000000"]),
            ("罚款一千零五元", ["1005"]),
            ("罚款十元", ["10"]),
            ("罚款五〇〇〇元", ["5000"]),
            ("罚款3百万元", ["3000000"]),
            ("罚款2000元；对另一行为罚款3000元", ["2000", "3000"]),
        ],
    )
    def test_read_in_yuan(self, text, yuan):
        assert tuple(map(Decimal, yuan)) == fines_in(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "罚款",
            "没收违法所得5000元",
            "罚款，并没收违法所得3000元",
            "到期不缴纳罚款的，每日按罚款数额的百分之三加处罚款",
            "处数万元罚款",
            "警告",
            "罚款5000美金",
        ],
    )
    def test_no_fine_named(self, text):
        assert () == fines_in(text)

    @pytest.mark.parametrize("run", ["1", "1,", "万", "一", "罚款", "元罚款", " 1"])
    def test_long_runs_cost_no_time(self, run):
        """Each would take minutes if it were read again from each of its characters."""
        assert () == fines_in(f"罚款元{run * 20_000}x")


class TestAgrees:
    @pytest.mark.parametrize(
        ("amount", "fines"),
        [("0.5", ["5000"]), ("0.5", ["5000", "3000"]), ("0.5", ["2000", "3000"]), ("0.5", ["5049"]), ("0.5", [])],
    )
    def test_one_of_them_their_sum_or_nothing_to_compare(self, amount, fines):
        assert agrees(amount, tuple(map(Decimal, fines)))

    @pytest.mark.parametrize(
        ("amount", "fines"), [("5000", ["5000"]), ("0.5", ["5051"]), ("0.5", ["2000", "2000"]), ("0", ["1"])]
    )
    def test_more_than_a_hundredth_apart(self, amount, fines):
        assert not agrees(amount, tuple(map(Decimal, fines)))


class TestIsUnitSlip:
    def test_yuan_written_as_wan(self):
        assert is_unit_slip("5000", (Decimal(5000),))

    def test_another_difference_is_none(self):
        assert not is_unit_slip("0.6", (Decimal(5000),))
