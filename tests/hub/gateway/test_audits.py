"""The third-party audits of GraphQL over HTTP (npm `graphql-http`), against the door over a real socket."""

from tests.hub.gateway.standin import Stand, served
from tests.npm_tools import NpmProject

AUDITS = 61


class TestServerAudits:
    def test_every_audit_is_ok(self):
        """A partner's client that follows the specification is served as it expects."""
        with served(Stand().door) as address:
            results = NpmProject("audits").run("audit.mjs", f"{address}/graphql")

        assert [] == [each for each in results if each["status"] != "ok"]
        assert AUDITS == len(results)
