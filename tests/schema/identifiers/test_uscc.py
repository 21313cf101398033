"""Credit codes: every composed code checks, every published wrong code is caught, nothing is corrected."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.identifiers.organisation_code import is_organisation_code
from schema.identifiers.uscc import (
    PLACEHOLDER,
    USCC_ALPHABET,
    UsccParts,
    check_character,
    check_uscc,
    compose,
    is_personal,
    is_uscc,
    normalise_code,
    parts_of,
)

PUBLISHED = Path(__file__).parent / "data" / "uscc_invalid.csv"
WORKED = "91350100M000100Y43"

characters = st.sampled_from(USCC_ALPHABET)
codes = st.builds(
    compose,
    st.text(characters, min_size=8, max_size=8),
    st.text(characters, min_size=8, max_size=8),
)


def published(fault: str) -> list[str]:
    with PUBLISHED.open(encoding="utf-8") as rows:
        return [row["uscc_as_published"] for row in csv.DictReader(rows) if row["fault"] == fault]


class TestCheckUscc:
    def test_worked_vector_of_the_standard_passes(self):
        """DOMAIN 1.1: weighted sum 1640, remainder 28, check 3."""
        found = check_uscc(WORKED)

        assert WORKED == found.code
        assert () == found.faults
        assert found.suggestion is None

    @pytest.mark.parametrize("code", published("check"))
    def test_published_code_with_wrong_check_is_refused(self, code):
        found = check_uscc(code)

        assert found.code is None
        assert found.faults in {("ID01",), ("ID02",)}
        assert not is_uscc(code)

    @pytest.mark.parametrize("code", published("orgbad"))
    def test_published_code_with_wrong_organisation_part_warns_and_passes(self, code):
        found = check_uscc(code)

        assert code == found.code
        assert ("ID03",) == found.faults
        assert not is_organisation_code(code[8:17])

    def test_fixture_is_whole(self):
        """All 225 published codes are carried: 131 wrong checks, 94 wrong organisation parts."""
        assert 225 == len(published("check")) + len(published("orgbad"))
        assert 94 == len(published("orgbad"))

    @given(codes)
    def test_every_composed_code_checks(self, code):
        found = check_uscc(code)

        assert code == found.code
        assert () == found.faults
        assert is_uscc(code)

    @given(codes, st.integers(0, 17), characters)
    def test_every_single_substitution_fails(self, code, place, character):
        """31 is prime and no weight is a multiple of it: no single slip of the pen survives."""
        changed = code[:place] + character + code[place + 1 :]

        assert (changed == code) == (check_uscc(changed).code is not None)

    @given(codes, st.integers(0, 16))
    def test_every_transposition_of_unequal_neighbours_fails(self, code, place):
        changed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]

        if changed != code:
            assert check_uscc(changed).faults in {("ID02",), ("ID03",)}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "9135010",
            WORKED + "3",
            WORKED[:-1],
            "企业信用代码企业信用代码企业信用代码",
            "91350100M000100Y4/",
            "\x00" * 18,
        ],
    )
    def test_other_lengths_and_characters_are_id01(self, text):
        assert ("ID01",) == check_uscc(text).faults

    @pytest.mark.parametrize("letter", "IOSVZ")
    def test_letters_left_out_of_the_alphabet_are_id01(self, letter):
        assert ("ID01",) == check_uscc(letter + WORKED[1:]).faults

    @pytest.mark.parametrize("text", [PLACEHOLDER, "00000000000000000x", "0000 0000 0000 0000 0X"])
    def test_placeholder_is_flagged_and_is_never_a_code(self, text):
        found = check_uscc(text)

        assert ("ID04",) == found.faults
        assert found.code is None
        assert not is_uscc(PLACEHOLDER)

    def test_letter_o_for_zero_is_suggested_never_applied(self):
        found = check_uscc("9135O100M000100Y43")

        assert found.code is None
        assert ("ID01",) == found.faults
        assert WORKED == found.suggestion

    @pytest.mark.parametrize("text", ["9135O100M000100Y44", "9135O100M000100Y4", "9V350100M000100Y43"])
    def test_no_suggestion_where_the_corrected_code_would_fail(self, text):
        assert check_uscc(text).suggestion is None

    @given(codes, st.sampled_from(["lower", "full", "spaced", "hyphen", "bom"]))
    def test_how_it_was_typed_does_not_matter(self, code, way):
        typed = {
            "lower": code.lower(),
            "full": "".join(chr(ord(character) + 0xFEE0) for character in code),
            "spaced": f" {code[:6]} {code[6:]}　",
            "hyphen": f"{code[:8]}-{code[8:16]}－{code[16:]}",
            "bom": f"\ufeff{code}\u200b",
        }[way]

        assert code == check_uscc(typed).code

    @given(st.text(max_size=30))
    def test_never_raises_and_never_returns_an_unchecked_code(self, text):
        found = check_uscc(text)

        assert found.code is None or found.faults in {(), ("ID03",)}


class TestIsUscc:
    @pytest.mark.parametrize("text", ["", WORKED.lower(), f" {WORKED}", WORKED[:-1] + "4", "９" + WORKED[1:]])
    def test_takes_the_text_as_it_stands(self, text):
        assert not is_uscc(text)


class TestNormaliseCode:
    @given(st.text(max_size=40))
    def test_idempotent(self, text):
        once = normalise_code(text)

        assert once == normalise_code(once)

    @given(st.text(st.characters(max_codepoint=0x7F), max_size=40))
    def test_idempotent_on_ascii(self, text):
        once = normalise_code(text)

        assert once == normalise_code(once)

    @pytest.mark.parametrize("text", ["O0I1", "oOiI"])
    def test_letters_stay_letters(self, text):
        assert text.upper() == normalise_code(text)

    def test_a_dropped_space_never_joins_a_letter_and_an_accent(self):
        once = normalise_code("A \u0301")

        assert once == normalise_code(once)


class TestCompose:
    def test_worked_vector(self):
        assert WORKED == compose("91350100", "M000100Y")

    @pytest.mark.parametrize(
        ("prefix", "serial"),
        [
            ("9135010", "M000100Y"),
            ("913501000", "M000100Y"),
            ("91350100", "M000100"),
            ("91350100", "M000100YY"),
            ("9135010O", "M000100Y"),
            ("91350100", "M000100I"),
            ("91350100", "m000100y"),
            ("", ""),
        ],
    )
    def test_parts_of_wrong_shape_are_refused(self, prefix, serial):
        with pytest.raises(ValueError, match="expected"):
            compose(prefix, serial)


class TestCheckCharacter:
    @pytest.mark.parametrize("body", ["", WORKED, WORKED[:16], "9135010OM000100Y4"])
    def test_wrong_bodies_are_refused(self, body):
        with pytest.raises(ValueError, match="17 characters"):
            check_character(body)

    def test_message_does_not_hold_the_code(self):
        with pytest.raises(ValueError, match="got 18") as refused:
            check_character(WORKED)

        assert WORKED not in str(refused.value)


class TestPartsOf:
    def test_takes_apart(self):
        assert UsccParts(
            department="9", category="1", region="350100", organisation_code="M000100Y4", check="3"
        ) == parts_of(WORKED)

    @pytest.mark.parametrize("code", ["", WORKED[:-1], WORKED.lower(), "9135O100M000100Y43"])
    def test_what_is_no_code_has_no_parts(self, code):
        with pytest.raises(ValueError, match="18 characters"):
            parts_of(code)


class TestIsPersonal:
    def test_individual_business_is_personal(self):
        assert is_personal(compose("92510100", "MA61R5A1"))

    @pytest.mark.parametrize("prefix", ["91510100", "93510100", "12510100", "52510100", "29510100"])
    def test_organisations_are_not(self, prefix):
        assert not is_personal(compose(prefix, "MA61R5A1"))
