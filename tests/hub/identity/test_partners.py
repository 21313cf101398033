"""Partners: who may be admitted as what, and that the store says the same on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from hub.errors import BadInputError
from hub.identity.actors import defaults_of
from hub.identity.partners import NewPartner, Partners, PartnerState, admit
from hub.store.engine import open_engine, writing
from hub.store.epochs import EpochMissingError, Epochs
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
            (replace(GROUP, rows_max=0), "rows_max"),
            (replace(GROUP, rows_max=-1), "rows_max"),
            (replace(GROUP, bytes_max=0), "bytes_max"),
            (replace(GROUP, bytes_max=2**31), "bytes_max"),
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

    @pytest.mark.parametrize("day", [date(2026, 11, 20), date(2024, 2, 29), date.max])
    def test_served_until_is_the_instant_it_says(self, day):
        partner = replace(admit(GROUP, NOW), valid_to=day)
        last = datetime.fromtimestamp(partner.served_until - 1, UTC)

        assert partner.is_served(last)
        assert day == date.max or not partner.is_served(last + timedelta(seconds=1))

    def test_without_end_it_is_served_for_ever(self):
        assert float("inf") == admit(GROUP, NOW).served_until

    def test_suspended_is_not_served(self):
        assert not replace(admit(GROUP, NOW), state=PartnerState.SUSPENDED).is_served(NOW)


class TestStore:
    async def test_entry_comes_back_as_it_was_kept(self, store):
        wish = replace(DEPARTMENT, sectors=("wind", "光伏"), valid_to=date(2027, 1, 1), rows_max=500, bytes_max=10**9)
        partner = admit(wish, NOW)
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

    async def test_limits_are_changed_and_lifted(self, store):
        partners = Partners(store)
        await partners.add(admit(GROUP, NOW))
        found = []
        for limits in ({"rows_max": 5}, {"bytes_max": 6}, {"rows_max": None}):
            await partners.set_limits(GROUP.id, limits)
            entry = await partners.find(GROUP.id)
            found.append((entry.rows_max, entry.bytes_max))

        assert [(5, None), (5, 6), (None, 6)] == found

    @pytest.mark.parametrize("limits", [{}, {"rows_max": 0}, {"bytes_max": -1}, {"rows_max": 2**40}, {"ceiling": 5}])
    async def test_a_limit_that_is_none_is_refused(self, store, limits):
        await Partners(store).add(admit(GROUP, NOW))

        with pytest.raises(BadInputError):
            await Partners(store).set_limits(GROUP.id, limits)

    async def test_nobody_cannot_be_limited(self, store):
        with pytest.raises(BadInputError, match="no such partner"):
            await Partners(store).set_limits("nobody", {"rows_max": 5})


@pytest.fixture
async def kept(store):
    """Partners with a memory of two entries, on a store with three, and the epochs it goes by."""
    epochs = Epochs(store)
    partners = Partners(store, epochs, size=2)
    for number in range(3):
        await partners.add(admit(replace(GROUP, id=f"gc-{number}"), NOW))
    return partners, epochs


async def by_hand(url, statement):
    """A change by plain SQL on a connection of another process."""
    elsewhere = open_engine(url)
    async with writing(elsewhere) as writer:
        await writer.write(text(statement))
    await elsewhere.dispose()


class TestRecall:
    async def test_nobody_is_recalled_who_was_not_looked_up(self, kept):
        partners, _ = kept

        assert partners.recall("gc-0") is None

    async def test_who_was_looked_up_is_recalled_as_the_same(self, kept):
        partners, epochs = kept
        found = await partners.look_up("gc-0")

        assert found is partners.recall("gc-0")
        assert epochs.known["partner"] == found.epoch

    async def test_without_epochs_nothing_is_recalled(self, store):
        partners = Partners(store)
        await partners.add(admit(GROUP, NOW))
        found = await partners.look_up(GROUP.id)

        assert found.epoch is None
        assert partners.recall(GROUP.id) is None

    async def test_only_so_many_are_kept_and_the_one_not_asked_for_longest_goes(self, kept):
        partners, _ = kept
        for name in ("gc-0", "gc-1"):
            await partners.look_up(name)
        partners.recall("gc-0")
        await partners.look_up("gc-2")

        assert [True, False, True] == [partners.recall(f"gc-{number}") is not None for number in range(3)]

    async def test_a_changed_entry_is_recalled_until_the_epoch_is_known_and_carries_the_old_one(self, kept, store_url):
        """What is in memory may be old: the epoch on it is what the commit refuses."""
        partners, epochs = kept
        before = await partners.look_up("gc-0")
        await by_hand(store_url, "UPDATE partner SET state = 'suspended' WHERE id = 'gc-0'")
        still = partners.recall("gc-0")
        stands = await epochs.confirm({"partner": still.epoch})

        assert before is still
        assert not stands
        assert partners.recall("gc-0") is None
        assert PartnerState.SUSPENDED is (await partners.look_up("gc-0")).partner.state

    async def test_a_change_of_anybody_lets_go_of_everybody(self, kept, store_url):
        partners, epochs = kept
        await partners.look_up("gc-0")
        await by_hand(store_url, "DELETE FROM partner WHERE id = 'gc-2'")
        await epochs.refresh()

        assert partners.recall("gc-0") is None

    async def test_who_is_gone_is_not_found_and_not_kept(self, kept, store_url):
        partners, _ = kept
        await partners.look_up("gc-0")
        await by_hand(store_url, "DELETE FROM partner WHERE id = 'gc-0'")

        assert await partners.look_up("gc-0") is None
        assert partners.recall("gc-0") is None
        assert await partners.look_up("nobody") is None

    async def test_without_the_epoch_nobody_is_looked_up(self, kept, store_url):
        partners, _ = kept
        await by_hand(store_url, "DELETE FROM epoch WHERE name = 'partner'")

        with pytest.raises(EpochMissingError):
            await partners.look_up("gc-0")
