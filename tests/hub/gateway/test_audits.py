"""The third-party audits of GraphQL over HTTP (npm `graphql-http`), against the door over a real socket."""

import pytest

from tests.hub.gateway.standin import Stand, served
from tests.npm_tools import NpmProject

AUDITS = 61


class TestServerAudits:
    @pytest.mark.parametrize("lane", ["short", "asgi"])
    def test_every_audit_is_ok(self, lane):
        """A partner's client that follows the specification is served as it expects, by whichever lane."""
        door = Stand().door
        if lane == "asgi":
            door.lane = None
        with served(door) as address:
            results = NpmProject("audits").run("audit.mjs", f"{address}/graphql")

        assert [] == [each for each in results if each["status"] != "ok"]
        assert AUDITS == len(results)
