"""What differs between two versions: every entry, and nothing else."""

import dataclasses

import pytest

from hub.access.policies import seed_policy
from hub.administration.differences import differences
from schema.catalogue.model import Category
from schema.policy.model import FieldLabel
from schema.tiers import Tier


@pytest.fixture(scope="module")
def seed():
    return seed_policy()


class TestDifferences:
    def test_same_content_under_another_number_is_no_difference(self, seed):
        assert [] == differences(seed, seed_policy(7))

    def test_another_order_of_cells_is_told(self, seed):
        """Of two equal permissions the first is the one that is named."""
        (found,) = differences(seed, dataclasses.replace(seed, cells=seed.cells[::-1]))

        assert ("cells", None, None) == (found.place, found.before, found.after)

    def test_changed_entry_is_told_with_before_and_after(self, seed):
        changed = dataclasses.replace(seed, fields={**seed.fields, "Penalty.facts": FieldLabel(tier=Tier.G)})
        (found,) = differences(seed, changed)

        assert "fields.Penalty.facts" == found.place
        assert {"tier": "G", "mask": None} == found.after

    def test_dropped_cell_has_no_after(self, seed):
        (found,) = differences(seed, dataclasses.replace(seed, cells=seed.cells[1:]))

        assert (seed.cells[0].id, None) == (found.name, found.after)

    def test_new_entry_has_no_before(self, seed):
        bare = dataclasses.replace(seed, fields={})

        assert {None} == {found.before for found in differences(bare, seed)}
        assert len(seed.fields) == len(differences(bare, seed))

    def test_tier_of_a_category(self, seed):
        changed = dataclasses.replace(seed, tiers={**seed.tiers, Category.C06: Tier.R})
        (found,) = differences(seed, changed)

        assert ("tiers.C06", "G", "R") == (found.place, found.before, found.after)
