"""The cost gate over the wire: what is predicted for the bench's questions, and what a limit refuses."""

from pathlib import Path

import aiohttp
import orjson
import pytest

from bench import hubs, world
from bench.question import BATCH, PARTNER, PROFILE, PURPOSE
from schema.plan.cost import estimate
from schema.plan.sizes import Profile
from tests.journeys.serving import serving
from tests.support.worlds import build_ground

CODES = [world.code_of(number) for number in range(10)]
REFERENCES = [{"__typename": "CreditSubject", "code": code} for code in CODES]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> hubs.Store:
    """Ten of the bench's subjects, about 31 records each, and its partner."""
    directory: Path = tmp_path_factory.mktemp("bench")
    url = hubs.sqlite_store(directory, "store")
    hubs.run(world.store_world(url, range(10), world.PER_SUBJECT))
    return hubs.admit(url, directory)


async def ask(url: str, store: hubs.Store, document: str, variables: dict) -> dict:
    body = {"query": document, "variables": variables, "extensions": {"purpose": PURPOSE}}
    headers = {"authorization": f"Bearer {store.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{url}/graphql", json=body) as response,
    ):
        return orjson.loads(await response.read())


def objects(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(objects, value.values()))
    return sum(map(objects, value)) if isinstance(value, list) else 0


class TestPrediction:
    @pytest.mark.parametrize(
        ("document", "variables"), [(PROFILE, {"code": CODES[3]}), (BATCH, {"references": REFERENCES})]
    )
    async def test_what_is_predicted_is_within_twice_of_what_comes(self, store, document, variables):
        """With the profile of the store, as `hub plan profile` tells it."""
        ground = build_ground()
        prepared = ground.documents.prepare(document, None, variables)
        asked = (ground.exchange.schema, prepared.document, prepared.operation, prepared.variables)
        predicted = estimate(*asked, Profile.of(world.PER_SUBJECT))
        with serving(store.keys.parent, store.url, HUB_TOKEN_LIFETIME_S="3600") as hub:
            data = (await ask(hub.url, store, document, variables))["data"]

        assert 0.5 < predicted.rows / objects(data) < 2
        assert 0.5 < predicted.bytes / len(orjson.dumps(data)) < 2

    async def test_question_above_the_limit_is_refused_with_the_prediction(self, store):
        records = orjson.dumps(world.PER_SUBJECT).decode()
        with serving(
            store.keys.parent, store.url, HUB_TOKEN_LIFETIME_S="3600", HUB_COST_RECORDS=records, HUB_COST_ROWS_MAX="40"
        ) as hub:
            one = await ask(hub.url, store, PROFILE, {"code": CODES[0]})
            ten = await ask(hub.url, store, BATCH, {"references": REFERENCES})

        assert one["data"]["subject"]["code"] == CODES[0]
        assert "data" not in ten
        assert ("COST_ESTIMATED_TOO_EXPENSIVE", 40) == (
            ten["errors"][0]["extensions"]["code"],
            ten["errors"][0]["extensions"]["rowsMax"],
        )
        assert 40 < ten["errors"][0]["extensions"]["rows"] < 1_000

    async def test_partner_may_have_a_lower_limit_than_the_hub(self, store):
        records = orjson.dumps(world.PER_SUBJECT).decode()
        with serving(store.keys.parent, store.url, HUB_TOKEN_LIFETIME_S="3600", HUB_COST_RECORDS=records) as hub:
            before = await ask(hub.url, store, PROFILE, {"code": CODES[0]})
            hub.hub("partner", "set", PARTNER, "--rows-max", "10")
            after = await ask(hub.url, store, PROFILE, {"code": CODES[0]})
            hub.hub("partner", "set", PARTNER, "--rows-max", "0")

        assert "data" in before
        assert ("COST_ESTIMATED_TOO_EXPENSIVE", 10) == (
            after["errors"][0]["extensions"]["code"],
            after["errors"][0]["extensions"]["rowsMax"],
        )
