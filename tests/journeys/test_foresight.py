"""An officer sees the effect before it takes effect: what was asked is asked again under a draft; then it holds."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from bench import hubs, world
from tests.journeys.officers import APPROVE, DRAFT, FOUNDING, SUBMIT, Bureau
from tests.journeys.serving import serving

LICENCES = (
    "query L($c: ID!) { subject(code: $c) { name records(kinds: [LICENCE]) { nodes { ... on Licence { %s } } } } }"
)
CONTENT, NUMBER = LICENCES % "content", LICENCES % "documentNo"
REPLAY = "mutation($id: ID!) { replayChangeSet(id: $id, days: 7) { id state } }"
HOW_FAR = "query($id: ID!) { replay(id: $id) { state asked rehearsed leftOut differing } }"
DIFFERENCES = """query($id: ID!) { replayedDifferences(replay: $id) {
  nodes { partner purpose count refusedBefore refusedAfter coordinates { coordinate } } } }"""
STRICTER = {"reason": "why", "items": [{"labelField": {"coordinate": "Licence.content", "tier": "R"}}]}
OTHER = {"reason": "why", "items": [{"labelField": {"coordinate": "Licence.documentNo", "tier": "R"}}]}


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """A running hub with ten subjects and seven officers, at which the public has asked."""
    folder: Path = tmp_path_factory.mktemp("foresight")
    url = hubs.sqlite_store(folder, "store")
    hubs.run(world.store_world(url, range(10), world.PER_SUBJECT))
    with serving(folder, url, HUB_PUBLIC_REQUESTS_PER_MINUTE="0") as hub:
        hub.hub("officer", "found", *FOUNDING)
        yield Bureau(serving=hub, url=url, folder=folder)


def ask(bureau: Bureau, document: str, number: int) -> dict:
    body = {"query": document, "variables": {"c": world.code_of(number)}}
    return httpx2.post(f"{bureau.serving.url}/graphql", json=body, timeout=60).json()


def replayed(bureau: Bureau, secret: str, change: str, *, asked: int) -> dict:
    """The end of a replay that looked at *asked* questions: what was asked is written down within seconds."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        replay = bureau.done(secret, REPLAY, id=change)
        while (found := bureau.done(secret, HOW_FAR, id=replay["id"]))["state"] == "RUNNING":
            pass
        if found["asked"] >= asked:
            return {**found, "id": replay["id"]}
    pytest.fail(f"of {asked} questions {found['asked']} were found")


class TestForesight:
    def test_what_would_differ_is_told_before_and_holds_after(self, bureau):
        for number in (1, 2, 2):
            shown = ask(bureau, CONTENT, number)["data"]["subject"]["records"]["nodes"]
            assert all(node["content"] for node in shown)
            ask(bureau, NUMBER, number)
        bao, mi = bureau.session("bao"), bureau.session("mi")
        draft = bureau.done(bao, DRAFT, change=STRICTER)

        found = replayed(bureau, bao, draft["id"], asked=6)
        (difference,) = bureau.done(bao, DIFFERENCES, id=found["id"])["nodes"]

        assert ("DONE", 6, 4, 0, 3) == tuple(
            found[name] for name in ("state", "asked", "rehearsed", "leftOut", "differing")
        )
        assert (None, "PUBLIC_LOOKUP", 3) == tuple(difference[name] for name in ("partner", "purpose", "count"))
        assert ["Licence.content"] == [each["coordinate"] for each in difference["coordinates"]]

        submitted = bureau.done(bao, SUBMIT, id=draft["id"])
        # Tightening to R opens nothing: one other officer approves it.
        approved = bureau.done(mi, APPROVE, id=submitted["id"], digest=submitted["digest"])
        assert "IN_FORCE" == approved["state"]
        after = ask(bureau, CONTENT, 2)
        assert [None] * 8 == [node["content"] for node in after["data"]["subject"]["records"]["nodes"]]
        assert "Licence.content" == after["errors"][0]["extensions"]["coordinate"]

    def test_a_replay_says_nothing_of_what_is_on_file(self, bureau):
        """Neither a code that was asked about, nor a name, nor a value."""
        secret = bureau.session("bao")
        draft = bureau.done(secret, DRAFT, change=OTHER)
        replay = bureau.done(secret, REPLAY, id=draft["id"])
        while bureau.done(secret, HOW_FAR, id=replay["id"])["state"] == "RUNNING":
            pass

        told = bureau.ask(secret, DIFFERENCES, id=replay["id"]).text
        assert not any(world.code_of(number) in told for number in range(10))

    @pytest.mark.parametrize("officer", ["guan", "shen"])
    def test_who_may_not_simulate_may_not_replay(self, bureau, officer):
        draft = bureau.done(bureau.session("bao"), DRAFT, change=OTHER)
        answer = bureau.ask(bureau.session(officer), REPLAY, id=draft["id"]).json()

        assert "data" not in answer or answer["data"] is None
        assert "FORBIDDEN" == answer["errors"][0]["extensions"]["code"]
