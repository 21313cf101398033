"""Registration numbers: fifteen digits or nothing."""

import pytest

from schema.identifiers.registration_no import find_registration_no


class TestFindRegistrationNo:
    @pytest.mark.parametrize("text", ["510100000123456", " 510100 000123456 ", "５１０１００000123456"])
    def test_fifteen_digits_however_typed(self, text):
        assert "510100000123456" == find_registration_no(text)

    @pytest.mark.parametrize(
        "text", ["", "无", "5101000001234", "5101000001234567", "51010000012345X", "٥١٠١٠٠000123456"]
    )
    def test_anything_else_is_none(self, text):
        assert find_registration_no(text) is None
