"""Rehearsals: the same road under another policy; nothing is written, nothing leaves but a digest."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
import structlog

from bench import hubs, world
from hub.access.policies import seed_policy
from hub.access.rights import NO_RIGHTS, Held
from hub.audit.log import Log
from hub.clock import SystemClock
from hub.gateway.port import Question
from hub.rehearsal import Rehearsals
from hub.settings import Settings
from hub.wiring import Surroundings, _ground, _open
from schema.catalogue.model import Category
from schema.policy.model import ActorKind, FieldLabel
from schema.tiers import Tier
from tests.support.people import GROUP, caller, grant

CODE = world.code_of(3)
DOCUMENT = """query($code: ID!) {
  subject(code: $code) { name records { totalCount nodes { kind ... on Penalty { facts personIdNo } } } }
}"""
BUYER = caller(ActorKind.GC, partner="buyer", organisation=GROUP, purposes=frozenset({"PROCUREMENT_CHECK"}))
CHECK = {"code": "PROCUREMENT_CHECK", "context": {"tender": "T", "lot": "1", "stage": "S5"}}


class Fixed:
    """Rights that somebody thinks of."""

    def __init__(self, held: Held = NO_RIGHTS) -> None:
        self.held = held

    async def of(self, _caller, _now):
        return self.held, None


def question(document=DOCUMENT, *, purpose=CHECK, variables=None, **extensions):
    return Question(
        document=document,
        operation_name=None,
        variables={"code": CODE} if variables is None else variables,
        extensions={"purpose": purpose, **extensions},
        purpose_header=None,
        method="POST",
        request_id="r",
        traceparent="",
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rehearsal")
    stored = hubs.sqlite_store(directory, "store")
    hubs.run(world.store_world(stored, range(10), world.PER_SUBJECT))
    return stored


@pytest.fixture
async def opened(url, tmp_path):
    settings = Settings(
        database_url=url, keys=f"file:{tmp_path}/keys", sealing_keys="env:BENCH_SEALING_KEY", unsafe_bearer_tokens=True
    )
    around = Surroundings(
        clock=SystemClock(), log=structlog.get_logger("test"), environment={"BENCH_SEALING_KEY": "A" * 43 + "="}
    )
    found = _open(settings, around)
    yield found, _ground(found, settings, around)
    await found.live.close()
    await found.engine.dispose()


@pytest.fixture
def rehearsals(opened):
    def make(policy, rights=NO_RIGHTS):
        return Rehearsals(opened[1], policy, Fixed(rights), datetime.now(UTC))

    return make


@pytest.fixture(scope="module")
def seed():
    return seed_policy()


def stricter(seed, coordinate, tier):
    return replace(seed, digest="sm3:other", fields={**seed.fields, coordinate: FieldLabel(tier=tier)})


class TestRehearse:
    async def test_the_same_question_under_the_same_policy_is_the_same(self, rehearsals, seed):
        once, again = [await rehearsals(seed).rehearse(question(), BUYER) for _ in range(2)]

        assert once.digest != ""
        assert "Penalty.facts" in once.served
        assert {"Penalty.personIdNo"} == set(once.denied)
        assert once.refused is None
        # The instants differ, the answers do not.
        assert once == again

    async def test_a_stricter_label_is_no_longer_served(self, rehearsals, seed):
        now = await rehearsals(seed).rehearse(question(), BUYER)
        then = await rehearsals(stricter(seed, "Penalty.facts", Tier.R)).rehearse(question(), BUYER)

        assert now.digest != then.digest
        assert {"Penalty.facts"} == now.served - then.served

    async def test_a_change_elsewhere_leaves_the_answer_as_it_is(self, rehearsals, seed):
        now = await rehearsals(seed).rehearse(question(), BUYER)
        then = await rehearsals(stricter(seed, "Licence.content", Tier.R)).rehearse(question(), BUYER)

        assert now == then

    async def test_rights_that_somebody_thinks_of_count(self, rehearsals, seed):
        trade = {"code": "MARKET_TRADE", "context": {"market": "M"}}
        who = replace(BUYER, purposes=frozenset({"MARKET_TRADE"}))
        given = Held(grants=(grant(Category.C16, purpose="MARKET_TRADE"),))
        asked = question("query($code: ID!) { subject(code: $code) { records { totalCount } } }", purpose=trade)

        without = await rehearsals(seed).rehearse(asked, who)
        with_grants = await rehearsals(seed, given).rehearse(asked, who)

        assert without.digest != with_grants.digest

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            (question("{"), "GRAPHQL_PARSE_FAILED"),
            (question("{ nonsense }"), "GRAPHQL_VALIDATION_FAILED"),
            (question(purpose={"code": "PROCUREMENT_CHECK"}), "PURPOSE_REQUIRED"),
            (question(purpose={"code": 7}), "BAD_USER_INPUT"),
            (question(onDenied="reject"), "UNAUTHORIZED_FIELD_OR_TYPE"),
        ],
    )
    async def test_what_would_be_refused_is_refused(self, rehearsals, seed, asked, code):
        assert code == (await rehearsals(seed).rehearse(asked, BUYER)).refused

    async def test_nothing_is_written_to_the_log(self, opened, rehearsals, seed):
        for asked in (question(), question(onDenied="reject"), question("{ me { actor } }", variables={})):
            await rehearsals(seed).rehearse(asked, BUYER)

        assert await Log(opened[0].engine).checkpoint() is None

    async def test_it_tells_no_value(self, rehearsals, seed):
        told = await rehearsals(seed).rehearse(question(), BUYER)

        assert b"bench" not in orjson.dumps([told.digest, sorted(told.served), dict(told.masked), dict(told.denied)])
