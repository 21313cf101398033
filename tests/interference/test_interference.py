"""Two hubs that differ only in what an asker may not read answer it alike, to the byte."""

import pytest

from schema.catalogue import KINDS
from schema.catalogue.model import fields_of
from tests.interference.people import Asker
from tests.interference.questions import WAYS
from tests.interference.runs import DifferentError, Turns, run
from tests.interference.scene import build_scene
from tests.interference.shrink import explained, shrunk
from tests.interference.stage import staged
from tests.interference.tally import Tally
from tests.interference.wire import request
from tests.support.worlds import Ground

SHARDS = 8
REQUESTS = 20_000
COORDINATES = {spec.coordinate for kind in KINDS.values() for spec in fields_of(kind)}
KINDS_LEAST = 10
"""Kinds of asker in one shard; each shard begins with others."""
REFUSALS = ("BAD_USER_INPUT", "COST_ESTIMATED_TOO_EXPENSIVE", "GRAPHQL_PARSE_FAILED", "UNAUTHORIZED_FIELD_OR_TYPE")
PAGES = ("/metrics", "/freshz", "/freshz/national", "/healthz", "/jwks.json", "/schema.graphql")


def compared(ground: Ground, seed: int, requests: int, **settings: str) -> Tally:
    try:
        return run(ground, seed, requests, **settings)
    except DifferentError as found:
        pytest.fail(explained(shrunk(found.difference)))


class TestTwoHubs:
    @pytest.mark.parametrize("shard", range(SHARDS))
    def test_nobody_tells_them_apart(self, ground: Ground, shard: int) -> None:
        """
        Whoever asks whatever way gets the same status, headers and body, byte for byte, from a hub and from another one
        that differs in cells the asker may not read; and the operator's access log is the same. No run is blind.
        """
        tally = compared(ground, shard, REQUESTS // SHARDS)
        print(tally)  # noqa: T201  shown with -rP or -s

        assert tally.requests >= REQUESTS // SHARDS
        assert 0 == tally.statuses[500], "the hub failed: what it would have said was not compared"
        assert set() == COORDINATES - tally.coordinates
        assert set(WAYS) == set(tally.ways)
        assert len({kind for kind, _, _ in tally.hidden}) >= KINDS_LEAST, tally.hidden
        assert set(REFUSALS) <= set(tally.codes)

    @pytest.mark.postgres
    def test_nor_on_postgresql(self, ground: Ground, postgres_server) -> None:
        urls = {name: postgres_server.migrated() for name in ("a", "b")}
        try:
            tally = compared(ground, 1, 300, stores=urls)
        finally:
            for url in urls.values():
                postgres_server.drop(url)

        assert 0 == tally.statuses[500]

    def test_nor_without_anything_kept_in_memory(self, ground: Ground) -> None:
        tally = compared(ground, 2, 300, dossier_cache_records="0", plans_max="2")

        assert 0 == tally.statuses[500]


class TestPages:
    @pytest.mark.parametrize("seed", [0, 1])
    def test_open_pages_do_not_tell_what_was_asked_in_vain(self, ground: Ground, seed: int) -> None:
        """
        Counters and health are read without a token. Hubs that differed from the start show the same after the same
        questions, but for durations.
        """
        scene = build_scene(ground, seed)
        asker = Asker(person=None, purpose="PUBLIC_LOOKUP")
        with staged(scene) as stage:
            turns = Turns(scene, stage, Tally())
            turns.take(asker, 0)
            for path in PAGES:
                one, other = stage.ask(request("GET", path, [("x-request-id", "p")]))

                assert 200 <= one.status < 600
                assert untimed(one.body) == untimed(other.body), path


def untimed(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if b"hub_request_seconds" not in line]
