"""Organisation codes of GB 11714, with and without hyphen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.identifiers.organisation_code import (
    find_organisation_code,
    hyphenated,
    is_organisation_code,
    organisation_check,
)

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
bodies = st.text(st.sampled_from(ALPHABET), min_size=8, max_size=8)


class TestOrganisationCheck:
    @pytest.mark.parametrize(("body", "check"), [("D2143569", "X"), ("M000100Y", "4"), ("00000000", "0")])
    def test_vectors(self, body, check):
        """DOMAIN 1.3; a remainder of nothing is 11, written 0."""
        assert check == organisation_check(body)

    @pytest.mark.parametrize("body", ["", "D214356", "D21435699", "d2143569", "D214356-", "Ｄ2143569"])
    def test_other_shapes_are_refused(self, body):
        with pytest.raises(ValueError, match="8 characters"):
            organisation_check(body)


class TestFindOrganisationCode:
    @given(bodies)
    def test_every_composed_code_is_found_with_and_without_hyphen(self, body):
        code = body + organisation_check(body)

        assert code == find_organisation_code(code)
        assert code == find_organisation_code(hyphenated(code))
        assert code == find_organisation_code(f" {hyphenated(code).lower()} ")

    @given(bodies, st.sampled_from("0123456789X"))
    def test_every_other_check_character_is_refused(self, body, check):
        assert (check == organisation_check(body)) == (find_organisation_code(body + check) is not None)

    @given(bodies, st.integers(0, 7), st.sampled_from("0123456789"))
    def test_a_substituted_digit_is_refused(self, body, place, digit):
        """Digits differ by less than 11, so no digit for another survives; a letter for its value less 11 would."""
        old = body[place]
        changed = body[:place] + digit + body[place + 1 :] + organisation_check(body)

        if old.isdigit() and old != digit:
            assert find_organisation_code(changed) is None

    @pytest.mark.parametrize("text", ["", "-", "D2143569", "D2143569-", "D2143569XX", "D2143569Y", "D2143569A"])
    def test_no_code(self, text):
        assert find_organisation_code(text) is None


class TestIsOrganisationCode:
    @pytest.mark.parametrize("text", ["D2143569-X", "d2143569x", "", "D2143569x"])
    def test_takes_the_text_as_it_stands(self, text):
        assert not is_organisation_code(text)


class TestHyphenated:
    def test_written_as_on_the_certificate(self):
        assert "D2143569-X" == hyphenated("D2143569X")
