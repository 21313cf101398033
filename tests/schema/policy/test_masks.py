from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schema.catalogue.model import Mask
from schema.policy.masks import apply_mask
from schema.policy.surnames import COMPOUND_SURNAMES

BANDS = ("<1", "1-10", "10-30", "30-100", ">100")
texts = st.text(max_size=40)
han = st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=6)
citizen_numbers = st.from_regex(r"[1-9][0-9]{16}[0-9Xx]", fullmatch=True)
amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-10, max_value=10**7, places=6).map(str)
values = st.one_of(texts, han, citizen_numbers, amounts, st.dates().map(str), st.sampled_from(BANDS))


class TestEveryMask:
    @given(st.sampled_from(Mask), values)
    def test_masking_twice_is_masking_once(self, mask: Mask, value: str):
        once = apply_mask(mask, value)

        if once is not None:
            assert once == apply_mask(mask, once)

    @given(st.sampled_from([Mask.M1, Mask.M2, Mask.M4, Mask.M5]), values)
    def test_never_makes_longer_what_has_length(self, mask: Mask, value: str):
        """A name of one character becomes one asterisk, of two a character and one; nothing grows."""
        masked = apply_mask(mask, value)

        assert masked is None or len(masked) <= len(value)

    @pytest.mark.parametrize("mask", [Mask.M6, Mask.M7])
    @given(values)
    def test_masks_of_rows_show_nothing_of_a_value(self, mask: Mask, value: str):
        assert apply_mask(mask, value) is None


class TestName:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("张三", "张*"),
            ("张三丰", "张*"),
            ("欧阳修", "欧阳*"),
            ("司马相如", "司马*"),
            ("欧阳", "欧*"),
            ("张", "*"),
            (" 李四 ", "李*"),
            ("买买提·艾力", "买*"),
            ("John Smith", "J*"),
            ("张*", "张*"),
            ("*", "*"),
            ("**", "*"),
            ("", ""),
            ("   ", ""),
        ],
    )
    def test_keeps_the_family_name_only(self, name: str, shown: str):
        assert shown == apply_mask(Mask.M1, name)

    @given(texts)
    def test_shows_at_most_two_characters_of_a_name(self, name: str):
        masked = apply_mask(Mask.M1, name)

        assert masked is not None
        assert len(masked.rstrip("*")) <= (2 if masked[:2] in COMPOUND_SURNAMES else 1)

    @given(han)
    def test_what_is_shown_does_not_depend_on_the_given_name(self, given_name: str):
        """Two people of one family look the same."""
        assume(given_name)
        assert "张*" == apply_mask(Mask.M1, f"张{given_name}")


class TestIdentityNumber:
    def test_hides_the_birth_date_and_the_check_digit(self):
        """DOMAIN 1.4: the year alone would leave about six candidates."""
        assert "110105********002*" == apply_mask(Mask.M2, "11010519491231002X")

    @given(citizen_numbers, st.data())
    def test_hidden_positions_do_not_show(self, number: str, data):
        """Numbers that differ in hidden positions only look the same."""
        other = data.draw(citizen_numbers)
        twin = number[:6] + other[6:14] + number[14:17] + other[17]

        assert apply_mask(Mask.M2, number) == apply_mask(Mask.M2, twin)

    @pytest.mark.parametrize(
        "number", ["", "1", "110105491231002", "13812345678", "1101051949123100X2", "91510100MA6XXXXXXA", "１" * 18]
    )
    def test_anything_else_is_hidden_whole(self, number: str):
        """Fifteen digits, a telephone, a passport: nothing that was not measured is shown."""
        assert "*" * len(number) == apply_mask(Mask.M2, number)

    def test_a_source_that_masked_less_is_masked_more(self):
        assert "110105********002*" == apply_mask(Mask.M2, "110105****1231002X")


class TestAmount:
    @pytest.mark.parametrize(
        ("amount", "band"),
        [
            ("0", "<1"),
            ("-3.5", "<1"),
            ("0.999999", "<1"),
            ("1", "1-10"),
            ("9.999999", "1-10"),
            ("10", "10-30"),
            ("10.000000", "10-30"),
            ("29.999999", "10-30"),
            ("30", "30-100"),
            ("99.999999", "30-100"),
            ("100", "30-100"),
            ("100.000000", "30-100"),
            ("100.000001", ">100"),
            ("+100000000000000000000000000000000.1", ">100"),
            ("0" * 40 + "7", "1-10"),
            ("99.99999999999999999999999999999999999999999999999", "30-100"),
            ("9.99999999999999999999999999999999999999999999999", "1-10"),
        ],
    )
    def test_names_the_band_by_exact_comparison(self, amount: str, band: str):
        assert band == apply_mask(Mask.M3, amount)

    @pytest.mark.parametrize(
        "amount", ["", " ", "ten", "1e5", "NaN", "Infinity", "1,000", "12万", "１２", "1.", ".5", "--1", "1 0", "10\n"]
    )
    def test_what_is_no_decimal_number_is_not_shown(self, amount: str):
        """A number it cannot read it does not pass on."""
        assert apply_mask(Mask.M3, amount) is None

    @given(amounts)
    def test_shows_a_band_and_nothing_of_the_number(self, amount: str):
        assert apply_mask(Mask.M3, amount) in BANDS

    @given(amounts, amounts)
    def test_keeps_order(self, one: str, other: str):
        ranks = [BANDS.index(apply_mask(Mask.M3, amount)) for amount in sorted([one, other], key=Decimal)]

        assert ranks[0] <= ranks[1]


class TestMonth:
    @pytest.mark.parametrize(
        ("day", "month"),
        [
            ("2026-03-05", "2026-03"),
            ("2026-03-05T08:00:00.000000Z", "2026-03"),
            ("2099-12-31", "2099-12"),
            ("2026-03", "2026-03"),
        ],
    )
    def test_cuts_a_day_to_its_month(self, day: str, month: str):
        assert month == apply_mask(Mask.M5, day)

    @pytest.mark.parametrize(
        "day", ["", "2026", "2026-3-5", "2026-13-01", "2026/03/05", "20260305", "长期", "2026-03-05 08:00"]
    )
    def test_what_is_no_iso_day_is_not_shown(self, day: str):
        assert apply_mask(Mask.M5, day) is None

    @given(st.dates(), st.dates())
    def test_days_of_one_month_look_the_same(self, one, other):
        twin = one.replace(day=min(other.day, 28))

        assert apply_mask(Mask.M5, one.isoformat()) == apply_mask(Mask.M5, twin.isoformat())
