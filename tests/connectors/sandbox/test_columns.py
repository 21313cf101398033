import pytest

from connectors.port import EXTRA_COLUMNS
from connectors.sandbox.columns import TABLES
from schema.catalogue import KINDS
from schema.catalogue.model import fields_of


class TestTables:
    @pytest.mark.parametrize("kind", TABLES)
    def test_every_column_carries_a_field_of_the_catalogue(self, kind):
        fields = {spec.name: spec.field for spec in fields_of(KINDS[kind])}

        for column in TABLES[kind].business:
            assert column.target in fields
            assert fields[column.target].code in {None, column.code}

    @pytest.mark.parametrize("kind", TABLES)
    def test_every_national_field_has_its_column(self, kind):
        expected = [spec.field.code for spec in fields_of(KINDS[kind]) if spec.field.code]

        assert expected == [column.code for column in TABLES[kind].business if column.code in expected]

    @pytest.mark.parametrize("kind", TABLES)
    def test_every_extra_column_is_one_the_hub_understands(self, kind):
        for column in TABLES[kind].extras:
            assert column.target.removeprefix("extra.") in EXTRA_COLUMNS

    @pytest.mark.parametrize("kind", TABLES)
    def test_no_column_stands_twice(self, kind):
        assert len(set(TABLES[kind].codes)) == len(TABLES[kind].codes)
