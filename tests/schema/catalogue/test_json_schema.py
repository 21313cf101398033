"""The schema a connector's author checks rows against."""

import json
import re

import pytest

from schema.catalogue import CATALOGUE_VERSION, KINDS, Grade, Penalty
from schema.catalogue.json_schema import json_schema_of
from schema.catalogue.model import FieldType, fields_of


@pytest.fixture(scope="module")
def penalty():
    return json_schema_of(Penalty)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
class TestEveryKind:
    def test_it_is_json_and_names_kind_and_version(self, kind):
        schema = json.loads(json.dumps(json_schema_of(kind)))

        assert f"urn:credit-exchange:catalogue:{CATALOGUE_VERSION}:{kind.KIND}" == schema["$id"]

    def test_it_has_every_field_in_order_and_admits_no_other(self, kind):
        schema = json_schema_of(kind)

        assert list(kind.__struct_fields__) == list(schema["properties"])
        assert schema["additionalProperties"] is False

    def test_only_what_is_always_required_is_required(self, kind):
        assert [spec.name for spec in fields_of(kind) if spec.field.required] == json_schema_of(kind)["required"]

    def test_every_value_is_text(self, kind):
        types = [one["type"] for one in json_schema_of(kind)["properties"].values()]

        assert all(one in ("string", ["string", "null"]) for one in types)

    def test_every_pattern_is_a_regular_expression(self, kind):
        for one in json_schema_of(kind)["properties"].values():
            re.compile(one.get("pattern", ""))


class TestPenalty:
    def test_a_required_text_may_not_be_empty_or_too_long(self, penalty):
        assert {"type": "string", "minLength": 1, "maxLength": 128} == {
            name: penalty["properties"]["document_no"][name] for name in ("type", "minLength", "maxLength")
        }

    @pytest.mark.parametrize("text", ["0", "50", "1234567.123456", "-1.5"])
    def test_an_amount_is_decimal_text(self, penalty, text):
        assert re.search(penalty["properties"]["fine_amount"]["pattern"], text)

    @pytest.mark.parametrize("text", ["", "五万", "1e5", "12345678", "1.1234567", "5万元", "1,000", ".5"])
    def test_what_is_no_amount_is_refused(self, penalty, text):
        assert not re.search(penalty["properties"]["fine_amount"]["pattern"], text)

    @pytest.mark.parametrize("text", ["2026/04/01", "2026-4-1", "20260401", " 2026-04-01"])
    def test_what_is_no_iso_day_is_refused(self, penalty, text):
        assert not re.search(penalty["properties"]["decided_on"]["pattern"], text)

    def test_names_of_rules_stand_beside_the_field(self, penalty):
        kinds = penalty["properties"]["penalty_kinds"]

        assert "CF_CFLB" == kinds["x-code"]
        assert "penalty_kind" == kinds["x-values"]
        assert ";" == kinds["x-separator"]
        assert FieldType.TEXTS == kinds["x-type"]
        assert "penalty kinds include 罚款" == penalty["properties"]["fine_amount"]["x-required-when"]


def test_a_score_has_four_integer_digits():
    pattern = json_schema_of(Grade)["properties"]["score"]["pattern"]

    assert re.search(pattern, "98.5")
    assert not re.search(pattern, "12345")
