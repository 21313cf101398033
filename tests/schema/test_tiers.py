from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.tiers import Audience, Tier, is_at_least, join

tiers = st.sampled_from(Tier)


class TestReaders:
    @pytest.mark.parametrize(
        ("tier", "readers"),
        [
            ("P", "PUB IND GOV CON OWN"),
            ("S", "IND GOV CON OWN"),
            ("I", "IND CON OWN"),
            ("G", "GOV CON OWN"),
            ("A", "CON OWN"),
            ("R", "OWN"),
            ("P-CON", "PUB IND GOV OWN"),
            ("S-CON", "IND GOV OWN"),
            ("I-CON", "IND OWN"),
            ("G-CON", "GOV OWN"),
        ],
    )
    def test_reader_sets_are_those_of_the_paper(self, tier: str, readers: str):
        assert {Audience(name) for name in readers.split()} == Tier(tier).readers

    def test_the_owner_reads_every_tier(self):
        """Source, deciding authority, subject and auditor stand before every label."""
        assert all(Audience.OWN in tier.readers for tier in Tier)

    def test_the_public_reads_no_tier_but_the_public_ones(self):
        assert {Tier.P, Tier.P_CON} == {tier for tier in Tier if Audience.PUB in tier.readers}

    def test_no_two_tiers_have_the_same_readers(self):
        assert len(Tier) == len({tier.readers for tier in Tier})


class TestJoin:
    @given(tiers, tiers)
    def test_is_commutative(self, one: Tier, other: Tier):
        assert join([one, other]) is join([other, one])

    @given(tiers, tiers, tiers)
    def test_is_associative(self, one: Tier, two: Tier, three: Tier):
        assert join([join([one, two]), three]) is join([one, join([two, three])]) is join([one, two, three])

    @given(tiers)
    def test_is_idempotent(self, tier: Tier):
        assert join([tier, tier]) is join([tier]) is tier

    @given(tiers)
    def test_public_is_neutral_and_restricted_absorbs(self, tier: Tier):
        assert join([Tier.P, tier]) is tier
        assert join([Tier.R, tier]) is Tier.R

    @given(st.lists(tiers))
    def test_is_never_easier_to_read_than_an_input(self, inputs: list[Tier]):
        joined = join(inputs)

        assert all(is_at_least(joined, tier) for tier in inputs)
        assert all(joined.readers <= tier.readers for tier in inputs)

    @given(st.lists(tiers), tiers)
    def test_is_the_least_of_those(self, inputs: list[Tier], bound: Tier):
        """No tier that is as strict as every input is looser than their join."""
        if all(is_at_least(bound, tier) for tier in inputs):
            assert is_at_least(bound, join(inputs))

    def test_always_has_a_name(self):
        """The tiers are closed under intersection."""
        assert all(join(pair) in Tier for pair in product(Tier, Tier))

    @pytest.mark.parametrize(
        ("one", "other", "joined"),
        [
            ("I", "G", "A"),
            ("S", "G", "G"),
            ("S", "I", "I"),
            ("P", "S", "S"),
            ("A", "G-CON", "R"),
            ("A", "I", "A"),
            ("I-CON", "G-CON", "R"),
            ("P-CON", "G", "G-CON"),
            ("S-CON", "I", "I-CON"),
            ("A", "R", "R"),
        ],
    )
    def test_examples(self, one: str, other: str, joined: str):
        assert Tier(joined) is join([Tier(one), Tier(other)])


class TestIsAtLeast:
    @given(tiers, tiers, tiers)
    def test_is_an_order(self, one: Tier, two: Tier, three: Tier):
        assert is_at_least(one, one)
        if is_at_least(one, two) and is_at_least(two, one):
            assert one is two
        if is_at_least(one, two) and is_at_least(two, three):
            assert is_at_least(one, three)

    def test_industry_and_government_are_incomparable(self):
        assert not is_at_least(Tier.I, Tier.G)
        assert not is_at_least(Tier.G, Tier.I)

    def test_it_is_a_lattice_and_not_a_ladder(self):
        """P < S < {I, G} < A < R."""
        for looser, stricter in ("PS", "SI", "SG", "IA", "GA", "AR"):
            assert is_at_least(Tier(stricter), Tier(looser))
            assert not is_at_least(Tier(looser), Tier(stricter))

    @pytest.mark.parametrize("base", ["P", "S", "I", "G"])
    def test_taking_consent_away_is_stricter(self, base: str):
        assert is_at_least(Tier(f"{base}-CON"), Tier(base))
        assert not is_at_least(Tier(base), Tier(f"{base}-CON"))
