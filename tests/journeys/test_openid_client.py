"""An unmodified, certified third-party client gets a token and asks with it, against the hub as users start it."""

import json

import pytest

from hub.identity.client_keys import new_client_key, public_part
from tests.journeys.serving import free_port, serving
from tests.npm_tools import NpmProject

CODE = "91510100MA6CTE400T"
ME = "{ me { actor partner } }"
NOT_FOUND = '{ subject(code: "91510100MA6CTE400T") { code } }'


@pytest.fixture(scope="module")
def npm() -> NpmProject:
    return NpmProject("openid")


@pytest.fixture(scope="module")
def hub(tmp_path_factory, sqlite_template):
    """A hub that takes no bare bearer tokens, one partner without keys."""
    folder = tmp_path_factory.mktemp("openid")
    database = folder / "hub.db"
    database.write_bytes(sqlite_template.read_bytes())
    port = free_port()
    settings = {"HUB_ISSUER": f"http://127.0.0.1:{port}", "HUB_UNSAFE_BEARER_TOKENS": ""}
    with serving(folder, f"sqlite:///{database}", port=port, **settings) as running:
        running.hub(
            "partner", "add", "sc", "--name", "四川省能源局(模拟)", "--actor", "LD", "--organisation", CODE,
            "--region", "51",
        )  # fmt: skip
        yield running


def registered(hub, folder, algorithm: str) -> dict[str, str]:
    """A new private key whose public half is in the register."""
    key = new_client_key(algorithm)
    shown = folder / "public.json"
    shown.write_text(json.dumps({**public_part(key), "kid": key["kid"], "alg": algorithm}))
    hub.hub("partner", "key", "add", "sc", str(shown))
    return key


def asked(npm, hub, key, proof_algorithm: str):
    wish = {"issuer": hub.url, "clientId": "sc", "key": key, "proofAlgorithm": proof_algorithm}
    return npm.run("ask.mjs", json.dumps({**wish, "questions": [ME, NOT_FOUND]}))


@pytest.mark.npm
class TestOpenidClient:
    @pytest.mark.parametrize(
        ("algorithm", "proof_algorithm"),
        [("ES256", "ES256"), ("PS256", "PS256"), ("EdDSA", "EdDSA"), ("PS256", "ES256")],
    )
    def test_it_discovers_authenticates_and_asks_with_a_bound_token(
        self, npm, hub, tmp_path, algorithm, proof_algorithm
    ):
        """By discovery, private_key_jwt and DPoP, both nonces found by itself; then it takes its token back."""
        found = asked(npm, hub, registered(hub, tmp_path, algorithm), proof_algorithm)

        assert ("dpop", 300) == (found["type"], found["lifetime"])
        assert [200, 200] == [answer["status"] for answer in found["answers"]]
        assert {"data": {"me": {"actor": "LD", "partner": "sc"}}} == found["answers"][0]["body"]
        assert found["before"]["active"]
        assert {"active": False} == found["after"]
        assert {"status": 401, "challenge": "invalid_token"} == found["refused"]

    def test_a_key_that_is_not_registered_gets_nothing(self, npm, hub):
        with pytest.raises(AssertionError, match="invalid_client"):
            asked(npm, hub, new_client_key("ES256"), "ES256")
