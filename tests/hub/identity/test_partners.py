"""Partners: who may be admitted as what, and that the store says the same on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hub.errors import BadInputError
from hub.identity.actors import defaults_of
from hub.identity.partners import NewPartner, Partners, PartnerState, admit
from schema.policy.model import ActorKind
from schema.tiers import Tier, is_at_least

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
CODE = "91510100MA6CTE400T"
GROUP = NewPartner(id="jinjiang", name="锦江能源集团(模拟)", actor=ActorKind.GC, organisation=CODE)
DEPARTMENT = NewPartner(id="sc", name="四川省能源局(模拟)", actor=ActorKind.LD, organisation=CODE, regions=("51",))


class TestAdmit:
    def test_what_is_left_out_comes_from_the_kind(self):
        partner = admit(GROUP, NOW)

        assert Tier.I is partner.ceiling
        assert {"PUBLIC_LOOKUP", "PROCUREMENT_CHECK", "CONTRACT_MONITOR", "RISK_WARNING"} == partner.purposes
        assert frozenset() == partner.regions
        assert PartnerState.ACTIVE is partner.state

    def test_public_lookup_is_always_among_the_purposes(self):
        assert {"PUBLIC_LOOKUP", "AUDIT"} == admit(replace(GROUP, purposes=("AUDIT",)), NOW).purposes

    def test_national_administration_has_the_whole_country(self):
        assert {""} == admit(replace(GROUP, actor=ActorKind.NEA), NOW).regions

    @pytest.mark.parametrize("actor", [kind for kind in ActorKind if kind is not ActorKind.PU])
    def test_every_kind_has_defaults_and_never_reads_past_its_ceiling(self, actor):
        defaults = defaults_of(actor)
        partner = admit(replace(DEPARTMENT, actor=actor), NOW)

        assert defaults is not None
        assert is_at_least(defaults.ceiling, partner.ceiling)

    @pytest.mark.parametrize(("actor", "ceiling"), [
        ("NEA", "G"), ("BR", "G"), ("LD", "G"), ("OD", "G"), ("CP", "G"), ("AS", "I"), ("GC", "I"), ("PC", "I"),
        ("CA", "P"), ("FI", "P"), ("SU", "P"), ("OP", "P"), ("AU", "P"),
    ])  # fmt: skip
    def test_ceilings_of_the_kinds(self, actor, ceiling):
        assert ceiling == admit(replace(DEPARTMENT, actor=ActorKind(actor)), NOW).ceiling.value

    @pytest.mark.parametrize(
        ("wish", "field"),
        [
            (replace(GROUP, actor=ActorKind.PU), "actor"),
            (replace(GROUP, id=""), "id"),
            (replace(GROUP, id="A"), "id"),
            (replace(GROUP, id="a b"), "id"),
            (replace(GROUP, id="-a"), "id"),
            (replace(GROUP, id="x" * 64), "id"),
            (replace(GROUP, id="a\n"), "id"),
            (replace(GROUP, name="  "), "name"),
            (replace(GROUP, name="x" * 201), "name"),
            (replace(GROUP, organisation=None), "organisation"),
            (replace(GROUP, organisation="91510100MA6CTE4000"), "organisation"),
            (replace(GROUP, organisation=CODE.lower()), "organisation"),
            (replace(GROUP, organisation="00000000000000000X"), "organisation"),
            (replace(GROUP, ceiling=Tier.G), "ceiling"),
            (replace(GROUP, ceiling=Tier.A), "ceiling"),
            (replace(GROUP, ceiling=Tier.R), "ceiling"),
            (replace(DEPARTMENT, ceiling=Tier.I), "ceiling"),
            (replace(GROUP, actor=ActorKind.AU, ceiling=Tier.S), "ceiling"),
            (replace(DEPARTMENT, regions=()), "regions"),
            (replace(DEPARTMENT, regions=("5",)), "regions"),
            (replace(DEPARTMENT, regions=("51010",)), "regions"),
            (replace(DEPARTMENT, regions=("四川",)), "regions"),
            (replace(DEPARTMENT, regions=("05",)), "regions"),
            (replace(GROUP, sectors=("a b",)), "sectors"),
            (replace(GROUP, purposes=("procurement",)), "purposes"),
            (replace(GROUP, purposes=("",)), "purposes"),
            (replace(GROUP, valid_to=date(2026, 11, 19)), "valid_to"),
        ],
    )
    def test_wrong_entry_names_the_field(self, wish, field):
        with pytest.raises(BadInputError) as caught:
            admit(wish, NOW)

        assert (field,) == caught.value.place

    @pytest.mark.parametrize("ceiling", [Tier.P, Tier.S, Tier.I])
    def test_stricter_ceiling_is_taken(self, ceiling):
        """Stricter means it reaches less: P, S and I lie below a group company's I."""
        assert ceiling is admit(replace(GROUP, ceiling=ceiling), NOW).ceiling


class TestIsServed:
    def test_last_day_counts_in_shanghai(self):
        partner = replace(admit(GROUP, NOW), valid_to=date(2026, 11, 20))

        assert partner.is_served(datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC))
        assert not partner.is_served(datetime(2026, 11, 20, 16, 0, tzinfo=UTC))

    def test_suspended_is_not_served(self):
        assert not replace(admit(GROUP, NOW), state=PartnerState.SUSPENDED).is_served(NOW)


class TestStore:
    async def test_entry_comes_back_as_it_was_kept(self, store):
        partner = admit(replace(DEPARTMENT, sectors=("wind", "光伏"), valid_to=date(2027, 1, 1)), NOW)
        await Partners(store).add(partner)

        assert partner == await Partners(store).find("sc")
        assert [partner] == await Partners(store).all()

    async def test_absent(self, store):
        assert await Partners(store).find("nobody") is None
        assert [] == await Partners(store).all()

    async def test_id_is_taken_once(self, store):
        await Partners(store).add(admit(GROUP, NOW))

        with pytest.raises(BadInputError, match="taken"):
            await Partners(store).add(admit(replace(GROUP, name="other"), NOW))
        assert GROUP.name == (await Partners(store).all())[0].name

    async def test_suspended_and_resumed(self, store):
        partners = Partners(store)
        await partners.add(admit(GROUP, NOW))
        states = []
        for state in (PartnerState.SUSPENDED, PartnerState.ACTIVE):
            await partners.set_state(GROUP.id, state)
            found = await partners.find(GROUP.id)
            states.append(found and found.state)

        assert [PartnerState.SUSPENDED, PartnerState.ACTIVE] == states

    async def test_nobody_cannot_be_suspended(self, store):
        with pytest.raises(BadInputError, match="no such partner"):
            await Partners(store).set_state("nobody", PartnerState.SUSPENDED)
