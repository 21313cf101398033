"""Every named attack is refused with 4xx in OAuth's words, gives nothing away, and breaks nothing."""

import asyncio
import base64
import json
from collections.abc import Iterator

import pytest

from hub.identity.client_keys import public_part
from schema.identifiers.uscc import compose
from tests.attacks import resource, token_endpoint
from tests.attacks.scene import PROXY, Answer, Request, Scene, in_field, send
from tests.journeys.serving import Serving, free_port, serving
from tests.support.oauth_client import OAuthClient

CODES = {"sc": compose("11510000", "MA6CTE40"), "gx": compose("11450000", "MA6CTE41")}
AT_LEAST = 200
OAUTH_ERRORS = {
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "invalid_scope", "invalid_target", "invalid_dpop_proof", "use_dpop_nonce",
}  # fmt: skip
CHALLENGES = {"invalid_token", "invalid_request", "invalid_dpop_proof", "use_dpop_nonce"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory, sqlite_template) -> Iterator[Serving]:
    """A hub as in production, as far as tokens are concerned: bound ones only, one trusted proxy."""
    folder = tmp_path_factory.mktemp("attacks")
    database = folder / "hub.db"
    database.write_bytes(sqlite_template.read_bytes())
    port = free_port()
    settings = {
        "HUB_ISSUER": f"http://127.0.0.1:{port}",
        "HUB_UNSAFE_BEARER_TOKENS": "",
        "HUB_TRUSTED_PROXIES": PROXY,
        "HUB_PUBLIC_REQUESTS_PER_MINUTE": "0",
    }
    with serving(folder, f"sqlite:///{database}", port=port, **settings) as running:
        for name, code in CODES.items():
            running.hub(
                "partner", "add", name, "--name", name, "--actor", "LD", "--organisation", code, "--region", "51"
            )
        yield running


@pytest.fixture(scope="module")
def scene(hub, tmp_path_factory) -> Scene:
    """Clients with registered keys, and three honest tokens."""
    folder = tmp_path_factory.mktemp("keys")

    def client(name: str, algorithm: str = "ES256") -> OAuthClient:
        made = OAuthClient(name, issuer=hub.url, algorithm=algorithm)
        shown = folder / f"{name}-{algorithm}.json"
        shown.write_text(json.dumps(made.public))
        hub.hub("partner", "key", "add", name, str(shown))
        return made

    ready = Scene(
        url=hub.url,
        honest=client("sc"),
        other=client("gx"),
        rsa=client("sc", "PS256"),
        edwards=client("sc", "EdDSA"),
    )
    asyncio.run(_prepare(ready))
    return ready


async def _prepare(scene: Scene) -> None:
    challenge = await send(scene.url, scene.asks_token(proof=scene.honest.proof(scene.now, "POST", scene.token_url)))
    assert "use_dpop_nonce" == challenge.told["error"]
    scene.nonce = challenge.headers["dpop-nonce"]
    scene.token = (await send(scene.url, scene.asks_token())).told["access_token"]
    other = scene.asks_token(proof=scene.proof(scene.other), client_assertion=scene.other.assertion(scene.now))
    scene.token_of_other = (await send(scene.url, other)).told["access_token"]
    by_proxy = scene.asks_token(proof=None).with_headers(("client-cert", in_field(scene.certificate)))
    by_proxy = Request(path=by_proxy.path, headers=by_proxy.headers, body=by_proxy.body, source=PROXY)
    scene.token_by_certificate = (await send(scene.url, by_proxy)).told["access_token"]


async def is_well(scene: Scene) -> bool:
    """Whether the honest still get what is theirs."""
    token = await send(scene.url, scene.asks_token())
    answers = [await send(scene.url, scene.asks()), await send(scene.url, scene.by_certificate(scene.certificate))]
    return token.status == 200 and all({"me": {"partner": "sc"}} == answer.told.get("data") for answer in answers)


def fault(name: str, answer: Answer) -> str | None:
    """What is wrong with the refusal; None if nothing."""
    if not 400 <= answer.status < 500:
        return f"{name}: {answer.status}"
    if answer.body[:1] not in {b"", b"{"}:
        return f"{name}: told in other words than JSON"
    if b"access_token" in answer.body or b'"data"' in answer.body:
        return f"{name}: something was given"
    return None


def fault_at_the_token_endpoint(name: str, answer: Answer) -> str | None:
    if answer.status != 400 or answer.body:
        told = answer.told.get("error") if answer.body else None
        # HEAD has no body to tell it in.
        if told not in OAUTH_ERRORS and not (name.endswith("HEAD") and answer.status == 405):
            return f"{name}: error {told!r}"
    if "no-store" not in answer.headers.get("cache-control", "") and answer.status != 405:
        return f"{name}: may be kept"
    return None


def fault_at_the_resource(name: str, answer: Answer) -> str | None:
    told = answer.told["errors"][0]["extensions"]["code"]
    if answer.status == 401:
        challenge = answer.headers.get("www-authenticate", "")
        if told != "UNAUTHENTICATED" or not any(f'error="{word}"' in challenge for word in CHALLENGES):
            return f"{name}: {told}, {challenge}"
        return None
    return None if told == "BAD_USER_INPUT" else f"{name}: {answer.status} {told}"


async def shoot(scene: Scene, attacks, check) -> list[str]:
    """Make every attack; what went wrong."""
    wrong = []
    for name, request in attacks:
        answer = await send(scene.url, request)
        found = fault(name, answer) or check(name, answer)
        wrong += [] if found is None else [found]
    return wrong


class TestAttacks:
    async def test_the_honest_are_served(self, scene):
        """Or the attacks would be refused for a reason that is none."""
        assert await is_well(scene)

    async def test_every_attack_on_the_token_endpoint_is_refused(self, scene):
        assert [] == await shoot(scene, token_endpoint.attacks(scene), fault_at_the_token_endpoint)
        assert await is_well(scene)

    async def test_every_attack_on_the_resource_is_refused(self, scene):
        assert [] == await shoot(scene, resource.attacks(scene), fault_at_the_resource)
        assert await is_well(scene)

    def test_they_are_many_and_each_has_a_name_of_its_own(self, scene):
        names = [name for name, _ in (*token_endpoint.attacks(scene), *resource.attacks(scene))]

        assert len(set(names)) == len(names) >= AT_LEAST


class TestReplay:
    """What was good once is good once."""

    async def test_assertion(self, scene):
        assertion = scene.honest.assertion(scene.now)
        first, second = [
            await send(scene.url, scene.asks_token(client_assertion=assertion, proof=scene.proof())) for _ in range(2)
        ]

        assert (200, "invalid_client") == (first.status, second.told.get("error"))

    async def test_assertion_many_times_at_once(self, scene):
        assertion = scene.honest.assertion(scene.now)
        answers = await asyncio.gather(
            *(send(scene.url, scene.asks_token(client_assertion=assertion, proof=scene.proof())) for _ in range(12))
        )

        assert [200] + [400] * 11 == sorted(answer.status for answer in answers)

    async def test_assertion_with_its_signature_spelled_anew(self, scene):
        """The jti is remembered, not the bytes: ECDSA lets anybody make another signature of a good one."""
        assertion = scene.honest.assertion(scene.now)
        head, body, signature = assertion.split(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        twin = raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32)
        respelled = ".".join((head, body, base64.urlsafe_b64encode(twin).rstrip(b"=").decode()))
        first = await send(scene.url, scene.asks_token(client_assertion=assertion, proof=scene.proof()))
        second = await send(scene.url, scene.asks_token(client_assertion=respelled, proof=scene.proof()))

        assert (200, "invalid_client") == (first.status, second.told.get("error"))

    async def test_proof_at_the_token_endpoint(self, scene):
        proof = scene.proof()
        first, second = [await send(scene.url, scene.asks_token(proof=proof)) for _ in range(2)]

        assert (200, "invalid_dpop_proof") == (first.status, second.told["error"])

    async def test_proof_at_the_resource(self, scene):
        proof = scene.proof_of(scene.token)
        first, second = [await send(scene.url, scene.asks(proof=proof)) for _ in range(2)]

        assert (200, 401) == (first.status, second.status)
        assert 'error="invalid_dpop_proof"' in second.headers["www-authenticate"]

    async def test_proof_many_times_at_once(self, scene):
        proof = scene.proof_of(scene.token)
        answers = await asyncio.gather(*(send(scene.url, scene.asks(proof=proof)) for _ in range(12)))

        assert [200] + [401] * 11 == sorted(answer.status for answer in answers)

    @pytest.mark.parametrize("body", [b'{"query": "{"}', b'{"query": "{ nonsense }"}', b'{"query": "mutation { x }"}'])
    async def test_proof_of_a_question_that_was_refused(self, scene, body):
        """A thief who sees a broken question pass may not make a good one of its proof."""
        request = scene.asks()
        broken = Request(path=request.path, headers=request.headers, body=body)
        answers = [await send(scene.url, each) for each in (broken, request)]

        assert [200, 401] == [answer.status for answer in answers]
        assert "data" not in answers[0].told

    async def test_token_that_its_client_took_back(self, scene):
        taken = await send(scene.url, scene.asks_token())
        token = taken.told["access_token"]
        before = await send(scene.url, scene.asks(token=token))
        revoke = scene.asks_token(proof=None, grant_type=..., token=token)
        revoked = await send(scene.url, Request(path="/oauth/revoke", headers=revoke.headers, body=revoke.body))
        after = await send(scene.url, scene.asks(token=token))

        assert [200, 200, 401] == [before.status, revoked.status, after.status]

    async def test_token_of_another_is_not_taken_back(self, scene):
        request = scene.asks_token(proof=None, grant_type=..., token=scene.token_of_other)
        answer = await send(scene.url, Request(path="/oauth/revoke", headers=request.headers, body=request.body))
        request = scene.asks(token=scene.token_of_other, proof=scene.proof_of(scene.token_of_other, scene.other))

        assert answer.status in {200, 400}
        assert 200 == (await send(scene.url, request)).status

    async def test_token_of_another_is_not_told_of(self, scene):
        request = scene.asks_token(proof=None, grant_type=..., token=scene.token_of_other)
        answer = await send(scene.url, Request(path="/oauth/introspect", headers=request.headers, body=request.body))

        assert {"active": False} == answer.told


class TestPublic:
    async def test_keys_shown_to_the_world_hold_no_private_part(self, scene):
        shown = await send(scene.url, Request(method="GET", path="/jwks.json"))

        assert all({"d", "p", "q", "k"}.isdisjoint(key) for key in shown.told["keys"])
        assert public_part(scene.honest.jwk)["x"] not in shown.body.decode()

    @pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/register", "/oauth/par", "/oauth/token/", "/oauth"])
    async def test_what_is_not_offered_is_not_there(self, scene, path):
        answer = await send(scene.url, Request(path=path, body=b"x"))

        assert answer.status in {404, 405, 307}
        assert b"access_token" not in answer.body
