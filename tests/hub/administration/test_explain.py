"""Officers are told why somebody sees a coordinate or not: every rule, the winner, the smallest grant; no value."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

from bench import world
from hub.administration.acting import Operator
from hub.administration.explain import Explanations, RecordReference, ToExplain
from hub.errors import BadInputError, ForbiddenError
from hub.rulebook import load_rules
from hub.store.administration_tables import JournalRow
from hub.store.dossiers import Dossiers
from hub.store.engine import reading
from hub.store.tables import Record, table_of
from schema.catalogue.model import Category
from schema.policy.model import ActorKind, Clear, Denied, Fact
from tests.hub.administration.hall import ADMINISTRATOR, AUDITOR, DRAFTER, grant

ROWS = table_of(JournalRow)
CHECK = {"tender": "T-1", "lot": "2", "stage": "S5"}
FACTS = ToExplain(partner="buyer", purpose="PROCUREMENT_CHECK", context=CHECK, coordinate="Penalty.facts")
CODE = world.code_of(0)


@pytest.fixture
def explanations(hall):
    return Explanations(hall.desk, Dossiers(hall.engine), load_rules())


@pytest.fixture
async def reference(hall, store_url) -> RecordReference:
    """A penalty on file."""
    await world.store_world(store_url, [0], {"Penalty": 1})
    (row,) = await hall.rows(Record)
    return RecordReference(subject=row.subject_code, kind=row.kind, key=row.record_key)


async def journal(hall):
    async with reading(hall.engine) as reader:
        rows = await reader.rows(select(ROWS.c.body).where(ROWS.c.kind == "simulation").order_by(ROWS.c.id))
    return [json.loads(row.body) for row in rows]


async def explained(hall, explanations, wish, by=DRAFTER):
    return {each.category: each for each in await explanations.explain(await hall.officer(by), wish)}


class TestCoordinate:
    async def test_is_explained_for_each_category_its_rows_can_be_in(self, hall, explanations):
        found = await explained(hall, explanations, FACTS)

        assert [Category.C05, Category.C06, Category.C07, Category.C08] == list(found)
        assert Clear(rule="C05.GC") == found[Category.C05].decision or found[Category.C05].decision == Clear(
            rule="C05.PU"
        )
        assert "purpose.category" == found[Category.C06].decision.rule

    async def test_every_rule_that_was_asked_is_told(self, hall, explanations):
        row = (await explained(hall, explanations, FACTS))[Category.C06].row

        assert [
            "actor.no_content",
            "purpose.unknown",
            "purpose.not_allowed",
            "purpose.context",
            "purpose.category",
        ] == [each.rule for each in row.tried]

    async def test_the_smallest_grant_is_told(self, hall, explanations):
        wish = replace(FACTS, purpose="MARKET_TRADE", context={"market": "M"}, facts=frozenset())
        advice = (await explained(hall, explanations, wish))[Category.C06].advice
        wanted = next(each.grants[0] for each in advice.remedies if each.grants)

        assert (Category.C06, frozenset({"Penalty.facts"}), "MARKET_TRADE") == (
            wanted.category,
            wanted.coordinates,
            wanted.purpose,
        )

    async def test_facts_the_asker_could_not_have_are_not_thought_of(self, hall, explanations):
        """A group has no region: so no row lies in it."""
        wish = replace(FACTS, facts=frozenset({Fact.IN_REGION, Fact.OWN_SOURCE}))
        found = (await explained(hall, explanations, wish))[Category.C05]

        assert frozenset({Fact.OWN_SOURCE}) == found.facts

    async def test_that_no_grant_can_is_told(self, hall, explanations):
        advice = (await explained(hall, explanations, FACTS))[Category.C06].advice

        assert "purpose.category" == advice.barred_by
        assert not [each for each in advice.remedies if not each.changes_purpose]

    async def test_a_grant_in_force_is_counted(self, hall, explanations):
        await hall.in_force(grant())
        wish = replace(FACTS, purpose="MARKET_TRADE", context={"market": "M"}, facts=frozenset({Fact.GRANTED}))
        found = (await explained(hall, explanations, wish))[Category.C06]

        assert (Clear(rule="C06.GRANT"), True) == (found.decision, Fact.GRANTED in found.facts)

    async def test_a_kind_alone_means_its_rows(self, hall, explanations):
        found = (await explained(hall, explanations, replace(FACTS, coordinate="Penalty")))[Category.C05]

        assert (None, found.row.decision) == (found.field, found.decision)

    async def test_an_asker_of_a_kind_needs_no_entry(self, hall, explanations):
        wish = replace(FACTS, partner=None, actor=ActorKind.AU, purpose="AUDIT", context={"audit": "A"})

        assert {"actor.no_content"} == {
            each.decision.rule for each in (await explained(hall, explanations, wish)).values()
        }

    @pytest.mark.parametrize("by", [ADMINISTRATOR, AUDITOR, DRAFTER])
    async def test_every_role_may_ask_and_is_journalled(self, by, hall, explanations):
        await explained(hall, explanations, FACTS, by)
        (row,) = await journal(hall)

        assert ("explained", by, "buyer", "Penalty.facts") == tuple(
            row[key] for key in ("action", "by", "partner", "coordinate")
        )


class TestRecord:
    async def test_is_explained_by_its_metadata(self, hall, explanations, reference):
        """Category, tier and facts of the very record, and not one value of it."""
        (found,) = (await explained(hall, explanations, replace(FACTS, record=reference))).values()
        (stored,) = await hall.rows(Record)

        assert found.category in {Category.C05, Category.C07}
        assert Fact.GRANTED not in found.facts
        assert stored.digest not in repr(found)
        for body in (await Dossiers(hall.engine).read([CODE], frozenset({"Penalty"})))[CODE].records:
            texts = [value for value in (body.body.facts, body.body.document_no) if value]
            assert texts
            assert not [text for text in texts if text in repr(found)]

    async def test_one_that_is_not_on_file_is_told_to_a_security_officer(self, hall, explanations, reference):
        with pytest.raises(BadInputError) as refused:
            await explained(hall, explanations, replace(FACTS, record=replace(reference, key="0" * 32)))

        assert "explain.record_unknown" == refused.value.extensions["rule"]

    @pytest.mark.parametrize("by", [ADMINISTRATOR, AUDITOR])
    @pytest.mark.parametrize("there", [True, False])
    async def test_is_no_other_roles_business_whether_it_exists_or_not(self, by, there, hall, explanations, reference):
        """The same refusal for what is on file and what is not; nothing was looked up, nothing journalled."""
        named = reference if there else replace(reference, key="0" * 32)
        with pytest.raises(ForbiddenError) as refused:
            await explained(hall, explanations, replace(FACTS, record=named), by)

        assert "explain.record" == refused.value.rule
        assert [] == await journal(hall)

    async def test_of_another_kind_than_the_coordinate(self, hall, explanations, reference):
        with pytest.raises(BadInputError) as refused:
            await explained(hall, explanations, replace(FACTS, coordinate="Licence.documentNo", record=reference))

        assert "explain.kind" == refused.value.extensions["rule"]

    async def test_operators_of_a_hub_without_officers_see_it(self, empty_hall, store_url):
        await world.store_world(store_url, [0], {"Penalty": 1})
        (row,) = await empty_hall.rows(Record)
        there = RecordReference(subject=row.subject_code, kind=row.kind, key=row.record_key)
        service = Explanations(empty_hall.desk, Dossiers(empty_hall.engine), load_rules())
        (found,) = await service.explain(Operator(), replace(FACTS, record=there))

        assert "Penalty.facts" in repr(found.advice) or isinstance(found.decision, Clear | Denied)


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"coordinate": "Penalty.nothing"}, "explain.coordinate"),
            ({"coordinate": ""}, "explain.coordinate"),
            ({"partner": "nobody"}, "explain.partner"),
            ({"actor": ActorKind.FI}, "explain.actor"),
        ],
    )
    async def test_what_does_not_exist(self, change, rule, hall, explanations):
        with pytest.raises(BadInputError) as refused:
            await explained(hall, explanations, replace(FACTS, **change))

        assert rule == refused.value.extensions["rule"]
