"""The double publicity tables are in the catalogue whole, and as the standard has them."""

import json
from pathlib import Path

import pytest

from schema.catalogue import KINDS, Licence, Penalty
from schema.catalogue.conditions import Condition
from schema.catalogue.model import Field, FieldType, Record, fields_of

TABLES = json.loads((Path(__file__).parent / "fields_shuanggongshi.json").read_text(encoding="utf-8"))
BOTH = [("XK", Licence), ("CF", Penalty)]
LETTERS = {
    FieldType.TEXT: "C",
    FieldType.CODE: "C",
    FieldType.TEXTS: "C",
    FieldType.DATE: "D",
    FieldType.AMOUNT: "N",
}
CONDITIONS = {
    "XDR_SHXYM": Condition.NOT_NATURAL_PERSON,
    "XDR_GSZC": Condition.PLACEHOLDER_CODE,
    "FRDB": Condition.NOT_NATURAL_PERSON,
    "XDR_ZJLX": Condition.NATURAL_PERSON,
    "XDR_ZJHM": Condition.NATURAL_PERSON,
    "XKBH": Condition.CERTIFICATE_NAMED,
    "NR_FK": Condition.FINED,
    "NR_WFFF": Condition.CONFISCATED,
    "NR_ZKDX": Condition.LICENCE_TOUCHED,
}


def coded(kind: type[Record]) -> list[Field]:
    return [spec.field for spec in fields_of(kind) if spec.field.code is not None]


def length_of(field: Field) -> object:
    return ".".join(map(str, field.precision)) if field.precision else field.length


@pytest.mark.parametrize(("table", "kind"), BOTH)
class TestNationalTables:
    def test_every_column_stands_in_the_national_order(self, table, kind):
        assert [row["code"] for row in TABLES[table]] == [field.code for field in coded(kind)]

    def test_labels_are_the_standards(self, table, kind):
        assert [row["name_zh"] for row in TABLES[table]] == [field.zh for field in coded(kind)]

    def test_types_are_the_standards(self, table, kind):
        assert [row["type"] for row in TABLES[table]] == [LETTERS[field.type] for field in coded(kind)]

    def test_lengths_are_the_standards(self, table, kind):
        assert [row["length"] for row in TABLES[table]] == [length_of(field) for field in coded(kind)]

    def test_what_is_always_required_is_so_and_nothing_else(self, table, kind):
        expected = {row["code"] for row in TABLES[table] if row["required"] == "Y"}

        assert expected == {field.code for field in coded(kind) if field.required}

    def test_what_is_required_sometimes_names_its_condition(self, table, kind):
        expected = {
            row["code"]: CONDITIONS[row["code"].split("_", 1)[1]]
            for row in TABLES[table]
            if row["required"] not in {"Y", "N"}
        }

        assert expected == {field.code: field.required_when for field in coded(kind) if field.required_when}


def test_no_other_kind_claims_a_national_code():
    others = [kind for kind in KINDS.values() if kind.PREFIX is None]

    assert [] == [field.code for kind in others for field in coded(kind)]


def test_the_reflow_columns_that_are_content_stand_last():
    assert ["withdrawal_reason", "case_withdrawn"] == [spec.name for spec in fields_of(Penalty)][-2:]
