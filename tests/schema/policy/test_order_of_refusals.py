"""Which rule a decision names where several would do: what an asker is told must not depend on chance."""

from dataclasses import replace

import pytest

from schema.catalogue.model import Category, Mask
from schema.policy.decide import possible_facts
from schema.policy.model import Clear, Fact, Masked, Policy
from schema.tiers import Audience, Tier
from tests.schema.policy.asking import ANYTHING, Askers, cell


def with_purpose(matrix: Policy, **changes) -> Askers:
    """Askers whose purpose has these rules."""
    rule = replace(matrix.purposes[ANYTHING], **changes)
    return Askers(replace(matrix, purposes={**matrix.purposes, ANYTHING: rule}))


class TestPurpose:
    def test_purpose_that_is_not_allowed_is_told_before_what_it_lacks(self, matrix: Policy):
        """Whoever may not name a purpose is not told what it would need."""
        group = with_purpose(matrix, requires=("tender",)).group
        sly = replace(group, standing=replace(group.standing, purposes=frozenset()))

        assert "purpose.not_allowed" == sly.rule("C05")
        assert "purpose.context" == group.rule("C05")

    def test_category_is_told_before_facts(self, matrix: Policy):
        askers = with_purpose(matrix, categories=frozenset(), needs_always=frozenset({Fact.CONSENT}))

        assert "purpose.category" == askers.group.rule("C05")

    def test_facts_are_told_before_the_bound(self, matrix: Policy):
        askers = with_purpose(matrix, needs={Category.C05: frozenset({Fact.CONSENT})}, max_tier=Tier.P)

        assert "purpose.needs" == askers.group.rule("C05", tier="R")


class TestCells:
    @pytest.mark.parametrize("turned", [False, True])
    def test_count_came_nearer_than_a_ceiling(self, matrix: Policy, turned: bool):
        cells = [cell("high", audience=Audience.GOV), cell("count", audience=Audience.OWN, masks=frozenset({Mask.M6}))]
        askers = Askers(replace(matrix, cells=tuple(reversed(cells)) if turned else tuple(cells)))

        assert "matrix.count_only" == askers.group.rule("C05", tier="G", coordinate="Penalty.facts")

    def test_of_two_cells_with_one_mask_the_first_is_named(self, matrix: Policy):
        cells = (cell("first", masks=frozenset({Mask.M4})), cell("second", masks=frozenset({Mask.M4})))
        group = Askers(replace(matrix, cells=cells)).group

        assert Masked(rule="C05.GC.first", mask=Mask.M4) == group.on("C05", mask="m4", coordinate="Penalty.facts")

    def test_cell_that_counts_and_tells_counts(self, matrix: Policy):
        both = cell("both", masks=frozenset({Mask.M6, Mask.M7}))

        assert "m6" == Askers(replace(matrix, cells=(both,))).group.row("C05")

    def test_mask_of_a_field_does_not_mask_a_row(self, matrix: Policy):
        """A row is listed or not; what fits its fields says nothing of it."""
        masked = cell("masked", masks=frozenset({Mask.M4}))

        assert isinstance(Askers(replace(matrix, cells=(masked,))).group.on("C05", mask="m4"), Clear)


class TestPossibleFacts:
    @pytest.mark.parametrize(
        "needs", [{"needs_always": frozenset({Fact.PORTFOLIO})}, {"needs": {Category.C05: frozenset({Fact.PORTFOLIO})}}]
    )
    def test_fact_that_only_a_purpose_asks_for_is_possible(self, matrix: Policy, needs):
        """Left out, every coordinate would be denied before anything is fetched."""
        bare = replace(matrix, cells=(), readers={}, purposes={ANYTHING: matrix.purposes["SUPERVISION"]})
        asking = replace(bare, purposes={ANYTHING: replace(bare.purposes[ANYTHING], **needs)})
        group = Askers(matrix).group.standing

        assert Fact.PORTFOLIO not in possible_facts(bare, group)
        assert Fact.PORTFOLIO in possible_facts(asking, group)
