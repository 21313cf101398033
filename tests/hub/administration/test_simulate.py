"""A change set is simulated before it is approved: exactly what it would change, journalled, page by page."""

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from hub.administration.items import SetPartner
from hub.administration.simulate import Simulations
from hub.errors import BadInputError, ConflictError, ForbiddenError
from hub.store.administration_tables import JournalRow
from hub.store.engine import reading
from hub.store.tables import table_of
from schema.catalogue.model import Category
from schema.policy.edit import SetCategoryTier
from schema.policy.simulate import Turn
from schema.tiers import Tier
from tests.hub.administration.hall import ADMINISTRATOR, AUDITOR, DRAFTER, GIVES, STRICTER, grant

ROWS = table_of(JournalRow)


@pytest.fixture
def simulations(hall):
    return Simulations(hall.desk)


async def journal(hall):
    async with reading(hall.engine) as reader:
        rows = await reader.rows(select(ROWS.c.body).where(ROWS.c.kind == "simulation").order_by(ROWS.c.id))
    return [json.loads(row.body) for row in rows]


async def cells(hall, simulations, change):
    acting = await hall.officer(DRAFTER)
    run = await simulations.run(acting, change.id)
    page = await simulations.page(acting, run.id, first=100)
    return run, {(each.partner, each.purpose, each.coordinate) for each in page.rows}


class TestRun:
    async def test_a_stricter_field_closes_for_whom_it_was_open(self, hall, simulations):
        """Penalty.facts becomes S: the public loses it, and so does the bank; the buyer, industry, keeps it."""
        run, found = await cells(hall, simulations, await hall.draft(STRICTER))

        assert {"Penalty.facts"} == {coordinate for _, _, coordinate in found}
        assert {None} < {partner for partner, _, _ in found} <= {None, "bank", "buyer"}
        assert (None, "PUBLIC_LOOKUP", "Penalty.facts") in found
        assert run.changed == len(found) == run.turns[Turn.CLOSES]

    async def test_a_grant_opens_for_its_partner_and_purpose_alone(self, hall, simulations):
        run, found = await cells(hall, simulations, await hall.draft(grant()))

        assert {("buyer", "MARKET_TRADE")} == {(partner, purpose) for partner, purpose, _ in found}
        assert ("buyer", "MARKET_TRADE", "Penalty") in found
        assert frozenset({"buyer"}) == run.partners

    async def test_a_partner_that_may_ask_for_less_loses_it(self, hall, simulations):
        change = await hall.draft(SetPartner(id="buyer", purposes=("PROCUREMENT_CHECK",)), by=ADMINISTRATOR)
        run, found = await cells(hall, simulations, change)

        assert {("buyer", "MARKET_TRADE")} == {(partner, purpose) for partner, purpose, _ in found}
        assert run.changed == run.turns[Turn.CLOSES]

    async def test_what_reaches_nobody_changes_nothing(self, hall, simulations):
        """The line is for associations, and this hub has none."""
        run, found = await cells(hall, simulations, await hall.draft(GIVES))

        assert (0, set(), frozenset()) == (run.changed, found, run.partners)

    async def test_it_is_journalled_before_and_after(self, hall, simulations):
        change = await hall.draft(STRICTER)
        run, _ = await cells(hall, simulations, change)
        begun, done = await journal(hall)

        assert ("begun", DRAFTER, change.id) == (begun["action"], begun["by"], begun["change"])
        assert ("done", run.id, run.changed, run.cells) == tuple(
            done[key] for key in ("action", "simulation", "changed", "cells")
        )


class TestRefusals:
    @pytest.mark.parametrize("name", [ADMINISTRATOR, AUDITOR])
    async def test_only_a_security_officer_simulates(self, name, hall, simulations):
        change = await hall.draft(STRICTER)
        with pytest.raises(ForbiddenError) as refused:
            await simulations.run(await hall.officer(name), change.id)

        assert "duty.simulate" == refused.value.rule
        assert [] == await journal(hall)

    async def test_an_unknown_change_set(self, hall, simulations):
        with pytest.raises(BadInputError):
            await simulations.run(await hall.officer(DRAFTER), "nothing")

        assert [] == await journal(hall)

    async def test_one_that_takes_too_long(self, hall):
        """That it was begun stands in the journal; that it was done does not."""
        change = await hall.draft(STRICTER)
        with pytest.raises(BadInputError) as refused:
            await Simulations(hall.desk, seconds_max=-1).run(await hall.officer(DRAFTER), change.id)

        assert "simulation.too_large" == refused.value.extensions["rule"]
        assert ["begun"] == [row["action"] for row in await journal(hall)]

    async def test_an_unknown_simulation(self, hall, simulations):
        with pytest.raises(BadInputError) as refused:
            await simulations.page(await hall.officer(DRAFTER), "0", first=10)

        assert "simulation.unknown" == refused.value.extensions["rule"]

    @pytest.mark.parametrize("after", ["-1", "x", "1" * 30, "¹"])
    async def test_a_place_that_is_none(self, after, hall, simulations):
        with pytest.raises(BadInputError):
            await simulations.page(await hall.officer(DRAFTER), "0", first=10, after=after)


class TestPage:
    async def test_pages_follow_each_other_without_a_gap(self, hall, simulations):
        acting = await hall.officer(DRAFTER)
        change = await hall.draft(SetCategoryTier(category=Category.C05, tier=Tier.A))
        run = await simulations.run(acting, change.id)
        whole = (await simulations.page(acting, run.id, first=100)).rows
        found, after = [], None
        while True:
            page = await simulations.page(acting, run.id, first=7, after=after)
            found += page.rows
            after = page.end
            if after is None:
                break

        assert run.changed == len(found)
        assert list(whole) == found[:100]

    async def test_another_process_makes_it_again(self, hall, simulations):
        acting = await hall.officer(DRAFTER)
        run = await simulations.run(acting, (await hall.draft(STRICTER)).id)
        here = await simulations.page(acting, run.id, first=50)
        there = await Simulations(hall.desk).page(acting, run.id, first=50)

        assert here == there

    async def test_what_has_changed_since_is_not_told_as_if_it_had_not(self, hall, simulations):
        acting = await hall.officer(DRAFTER)
        run = await simulations.run(acting, (await hall.draft(STRICTER)).id)
        await hall.in_force(SetPartner(id="bank", state="suspended"), by=ADMINISTRATOR)
        with pytest.raises(ConflictError) as refused:
            await Simulations(hall.desk).page(await hall.officer(DRAFTER), run.id, first=50)

        assert "simulation.stale" == refused.value.rule

    async def test_no_case_carries_more_than_rules_facts_and_labels(self, hall, simulations):
        """Nothing of a record is in a simulation: what it tells is made of the policy's own words."""
        acting = await hall.officer(DRAFTER)
        run = await simulations.run(acting, (await hall.draft(STRICTER)).id)
        rows = (await simulations.page(acting, run.id, first=100)).rows

        assert {"before", "after", "category", "tier", "facts", "facts_after", "context", "away", "away_after"} == {
            name for row in rows for case in row.cases for name in case.__dataclass_fields__
        }


class TestStopping:
    async def test_who_waits_no_more_stops_it(self, hall, simulations):
        acting = await hall.officer(DRAFTER)
        change = await hall.draft(STRICTER)
        task = asyncio.create_task(simulations.run(acting, change.id))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert replace(await simulations.run(acting, change.id), id="").changed > 0
