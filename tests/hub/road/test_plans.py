"""What is kept between questions: by decisions, bounded, counted, forgotten with the policy."""

import asyncio
import threading
from dataclasses import replace

import pytest
from graphql import GraphQLError

from hub.access.purpose import Purpose
from hub.kept import Kept
from hub.road.plans import Plans
from schema.policy.model import ActorKind
from tests.support.people import GROUP, TENDER, caller
from tests.support.worlds import SUBJECT, build_ground

BUYER = caller(ActorKind.GC, partner="buyer", organisation=GROUP, purposes=frozenset({"PROCUREMENT_CHECK"}))
OTHER = replace(BUYER, partner="other")
CHECK = Purpose(code="PROCUREMENT_CHECK", context=TENDER)
DOCUMENT = "query($c: ID!, $w: Boolean = false) { subject(code: $c) { name status @include(if: $w) } }"


@pytest.fixture(scope="module")
def ground():
    return build_ground()


@pytest.fixture
def plans(ground):
    return Plans(ground.exchange, ground.table, plans_max=2)


def prepared(ground, text=DOCUMENT, **variables):
    return ground.documents.prepare(text, None, {"c": SUBJECT, **variables})


def planned(ground, plans, who, purpose=CHECK, **variables):
    _, ruling = plans.standing(ground.policy, who, purpose)
    return asyncio.run(plans.plan(prepared(ground, **variables), ruling))


class TestKept:
    def test_the_least_recently_used_leaves_and_is_counted(self):
        kept = Kept(2)
        kept.keep("a", 1)
        kept.keep("b", 2)
        assert 1 == kept.find("a")
        kept.keep("c", 3)

        assert None is kept.find("b")
        assert ("a" in kept, "c" in kept, len(kept)) == (True, True, 2)
        assert {"hit": 1, "miss": 1, "evicted": 1} == kept.counts

    def test_heavy_things_make_room_by_their_weight(self):
        """
        Many large documents take no more room than their number times a usual one.
        """
        kept = Kept(10, 100)
        for name in ("a", "b", "c"):
            kept.keep(name, name, 45)
        kept.keep("c", "again", 45)

        assert (["b", "c"], 90, 1) == ([name for name in ("a", "b", "c") if name in kept], kept.weight, kept.evictions)

    def test_what_weighs_more_than_all_is_not_kept(self):
        kept = Kept(10, 100)
        kept.keep("a", 1, 101)

        assert (0, 0) == (len(kept), kept.weight)

    def test_cleared_memory_holds_nothing(self):
        kept = Kept(2)
        kept.keep("a", 1)
        kept.clear()

        assert 0 == len(kept)


class TestPlans:
    def test_two_callers_of_one_essence_share_a_plan(self, ground, plans):
        """
        Which partner asks, and about which tender, decides nothing; that a tender is named does.
        """
        other_tender = Purpose(code=CHECK.code, context=(("lot", "9"), ("stage", "S1"), ("tender", "T-2")))

        assert planned(ground, plans, BUYER) is planned(ground, plans, OTHER, other_tender)

    @pytest.mark.parametrize(
        ("who", "purpose"),
        [
            (replace(BUYER, organisation="91510100MA6CK00A15"), CHECK),
            (replace(BUYER, actor=ActorKind.OD), CHECK),
            (replace(BUYER, regions=frozenset({"51"})), CHECK),
            (BUYER, Purpose(code="PUBLIC_LOOKUP")),
            (BUYER, Purpose(code="PROCUREMENT_CHECK", context=TENDER[:1])),
        ],
    )
    def test_whoever_may_see_other_things_never_shares_one(self, ground, plans, who, purpose):
        assert planned(ground, plans, BUYER) is not planned(ground, plans, who, purpose)

    def test_values_of_switches_are_part_of_the_key_and_other_variables_are_not(self, ground, plans):
        plain = planned(ground, plans, BUYER)

        assert plain is not planned(ground, plans, BUYER, w=True)
        assert plain is planned(ground, plans, BUYER, c="91510100MA6CK00B00")

    def test_plans_are_bounded(self, ground, plans):
        for name in ("a", "b", "c"):
            _, ruling = plans.standing(ground.policy, BUYER, CHECK)
            text = DOCUMENT.replace("name", f"{name}: name")
            asyncio.run(plans.plan(prepared(ground, text), ruling))

        assert (2, 1) == (len(plans.plans), plans.plans.evictions)

    def test_new_policy_version_forgets_every_decision(self, ground, plans):
        old = planned(ground, plans, BUYER)
        newer = replace(ground.policy, version=ground.policy.version + 1)
        _, ruling = plans.standing(newer, BUYER, CHECK)

        assert (1, 0) == (len(plans.rulings), len(plans.plans))
        assert newer is ruling.decider.policy
        assert old is not asyncio.run(plans.plan(prepared(ground), ruling))

    def test_refused_document_is_not_kept(self, ground, plans):
        _, ruling = plans.standing(ground.policy, BUYER, CHECK)
        with pytest.raises(GraphQLError):
            asyncio.run(plans.plan(prepared(ground, w=None), ruling))

        assert 0 == len(plans.plans)

    def test_prediction_follows_the_variables_it_depends_on(self, ground, plans):
        text = "query($c: ID!, $n: Int = 1) { subject(code: $c) { records(first: $n) { nodes { id } } } }"
        _, ruling = plans.standing(ground.policy, BUYER, CHECK)
        rows = []
        for count in (1, 3, 1):
            asked = prepared(ground, text, n=count)
            compilation = asyncio.run(plans.plan(asked, ruling))
            plan = compilation.blueprint.bind(asked.variables)
            rows.append(asyncio.run(compilation.estimate(plan, asked.variables)).rows)

        assert rows[0] == rows[2] < rows[1]

    def test_what_is_not_compiled_says_why(self, ground, plans):
        _, ruling = plans.standing(ground.policy, BUYER, CHECK)
        compilation = asyncio.run(
            plans.plan(
                prepared(ground, "query($c: ID!) { subject(code: $c) { name } __schema { queryType { name } } }"),
                ruling,
            )
        )

        assert None is compilation.code()
        assert ("introspection", False) == (compilation.reason, compilation.is_written)

    def test_predictions_are_kept_by_the_loop_alone(self, ground, plans):
        """
        Two threads at one memory could find a thing and lose it at once; so the loop keeps what a thread makes.
        """
        keepers = []

        class Watched(Kept):
            def keep(self, key, value, weight=0):
                keepers.append(threading.get_ident())
                super().keep(key, value, weight)

        text = "query($c: ID!, $n: Int = 1) { subject(code: $c) { records(first: $n) { nodes { id } } } }"
        _, ruling = plans.standing(ground.policy, BUYER, CHECK)
        asked = prepared(ground, text)
        compilation = asyncio.run(plans.plan(asked, ruling))
        compilation._quotes = Watched(4)
        asyncio.run(compilation.estimate(compilation.blueprint.bind(asked.variables), asked.variables))

        assert [threading.get_ident()] == keepers
