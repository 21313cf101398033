"""The officer's matrix: every category and every field, and what nobody has classified."""

import dataclasses

import pytest

from hub.access.policies import seed_policy
from hub.administration.matrix import category_rows, cells_shown, field_rows, kinds_of, strays
from schema.catalogue.model import Category, Mask
from schema.policy.model import FieldLabel
from schema.tiers import Tier


@pytest.fixture(scope="module")
def policy():
    return seed_policy()


class TestCategoryRows:
    def test_every_category_has_a_row_with_its_cells(self, policy):
        rows = category_rows(policy)

        assert list(Category) == [row.category for row in rows]
        assert len(policy.cells) == sum(len(row.cells) for row in rows)

    def test_row_bears_its_name_and_tier(self, policy):
        row = next(row for row in category_rows(policy) if row.category is Category.C03)

        assert ("个人证件号码、电话", Tier.R) == (row.zh, row.tier)


class TestFieldRows:
    def test_every_field_of_every_kind_is_listed_once(self, policy):
        coordinates = [row.coordinate for row in field_rows(policy)]

        assert set(policy.fields) == set(coordinates)
        assert len(coordinates) == len(set(coordinates))
        assert set(kinds_of()) == {row.kind for row in field_rows(policy)}

    def test_field_that_policy_says_nothing_of_is_not_classified(self, policy):
        """Whoever looks at the matrix sees what the next release added, and that nobody reads it."""
        bare = dataclasses.replace(
            policy, fields={name: label for name, label in policy.fields.items() if name != "Penalty.facts"}
        )
        row = next(row for row in field_rows(bare) if row.coordinate == "Penalty.facts")

        assert (False, None) == (row.is_classified, row.tier)

    def test_tier_in_force_is_the_join_of_catalogue_and_policy(self, policy):
        """G on a field whose floor is I leaves A, not the looser of them."""
        floor = next(row for row in field_rows(policy) if row.floor is Tier.I)
        changed = dataclasses.replace(policy, fields={**policy.fields, floor.coordinate: FieldLabel(tier=Tier.G)})
        row = next(row for row in field_rows(changed) if row.coordinate == floor.coordinate)

        assert (Tier.I, Tier.A) == (row.floor, row.tier)

    def test_label_of_nothing_is_a_stray(self, policy):
        changed = dataclasses.replace(policy, fields={**policy.fields, "Penalty.gone": FieldLabel(tier=Tier.P)})

        assert [] == strays(policy)
        assert ["Penalty.gone"] == strays(changed)


class TestCellsShown:
    @pytest.mark.parametrize(
        ("column", "category", "shown"),
        [
            ("PU", Category.C02, "m1"),
            ("PU", Category.C01, "m0"),
            ("GC", Category.C16, "m7 if counterparty"),
            ("PU", Category.C03, "x"),
        ],
    )
    def test_reads_as_in_the_table_of_the_domain(self, policy, column, category, shown):
        cells = [cell for cell in policy.cells if cell.category is category and cell.reader == column]

        assert shown == cells_shown(cells)

    def test_prohibition_is_told_apart(self, policy):
        cell = dataclasses.replace(policy.cells[0], permit=False, needs=frozenset(), masks=frozenset({Mask.M1}))

        assert "x!" == cells_shown([cell])
