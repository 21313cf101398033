"""The authorization server over each store, in this process, and a client that knows how to ask it."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from hub.gateway.logs import make_log
from hub.gateway.port import Credentials
from hub.identity.assembly import NONCE_KEY, Basis, assemble
from hub.identity.nonces import KEY_SIZE
from hub.identity.partner_keys import add_key
from hub.identity.partners import Partners, admit
from hub.identity.public_keys import public_key
from hub.settings import Settings
from hub.store.engine import writing
from hub.store.epochs import Epochs
from keys.ring import KeyRing
from tests.asgi import Response, call
from tests.hub.gateway.standin import NOW, FixedClock
from tests.hub.identity.test_partners import DEPARTMENT, GROUP
from tests.support.oauth_client import OAuthClient, encoded

ISSUER = "https://hub.example"
TOKEN_URL = f"{ISSUER}/oauth/token"
GRAPHQL = f"{ISSUER}/graphql"
FORM = ("content-type", "application/x-www-form-urlencoded")


@dataclass
class Server:
    """One worker: its addresses, its doorkeeper, its clock, and what its log says."""

    engine: AsyncEngine
    ring: KeyRing
    clock: FixedClock
    written: Any
    settings: Settings
    sessions: Any = None
    random: Any = None
    app: Any = field(init=False)
    identity: Any = field(init=False)

    def __post_init__(self) -> None:
        numbers = iter(range(1, 1_000_000))
        basis = Basis(
            engine=self.engine,
            epochs=Epochs(self.engine),
            ring=self.ring,
            clock=self.clock,
            log=make_log(self.written, "debug"),
            entropy=self.random or (lambda size: next(numbers).to_bytes(size)),
            sessions=self.sessions,
        )
        parts = assemble(self.settings, basis)
        self.app = Starlette(routes=list(parts.routes))
        self.identity = parts.identity

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def post(self, path: str, form: Any, *headers: tuple[str, str], body: bytes | None = None) -> Response:
        return await call(
            self.app, "POST", path, headers=(FORM, *headers), body=encoded(form) if body is None else body
        )

    async def token(
        self, client: OAuthClient, *, form: Any = None, proof: str | None = None, **claims: Any
    ) -> Response:
        """Ask for a token with a proof that carries the right nonce."""
        nonce = await self.nonce(client)
        proof = client.proof(self.now, "POST", TOKEN_URL, nonce=nonce, **claims) if proof is None else proof
        return await self.post("/oauth/token", form or client.form(self.now), ("dpop", proof))

    async def nonce(self, client: OAuthClient) -> str:
        shown = await self.post(
            "/oauth/token", client.form(self.now), ("dpop", client.proof(self.now, "POST", TOKEN_URL))
        )
        return shown.headers.get("dpop-nonce", "")

    async def got(self, client: OAuthClient) -> str:
        answer = await self.token(client)
        assert 200 == answer.status, answer.body
        token: str = answer.json["access_token"]
        return token

    async def identify(self, client: OAuthClient, token: str, **changes: Any):
        """Ask as the holder of *token*, proven by the client's key."""
        proof = client.proof(self.now, "POST", GRAPHQL, nonce=await self.nonce(client), token=token)
        shown = {"authorization": [f"DPoP {token}".encode()], "proofs": [proof.encode()], **changes}
        return await self.identity.identify(Credentials(**shown))


@pytest.fixture
def ring(tmp_path) -> KeyRing:
    ring = KeyRing.open(f"file:{tmp_path}/keys", create=True)
    ring.create_secret(NONCE_KEY, KEY_SIZE)
    return ring


@pytest.fixture
def make_server(store, ring, tmp_path):
    """Make a worker over the store; settings by name."""
    logs = []

    def make(*, engine=None, sessions=None, random=None, **settings: Any) -> Server:
        log = (tmp_path / f"log-{len(logs)}").open("w+")
        logs.append(log)
        chosen = Settings(issuer=ISSUER, **settings)
        return Server(
            engine=engine or store, ring=ring, clock=FixedClock(), written=log, settings=chosen, sessions=sessions,
            random=random,
        )  # fmt: skip

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def server(make_server) -> Server:
    return make_server()


async def enrolled(engine: AsyncEngine, client: OAuthClient) -> OAuthClient:
    """The client's key in the register."""
    async with writing(engine) as writer:
        await add_key(writer, client.id, public_key(client.public), now=NOW)
    return client


@pytest.fixture
async def client(store) -> OAuthClient:
    """A client with one key; a second partner is registered, without keys."""
    await Partners(store).add(admit(DEPARTMENT, NOW))
    await Partners(store).add(admit(GROUP, NOW))
    return await enrolled(store, OAuthClient(DEPARTMENT.id, issuer=ISSUER))


def later(server: Server, seconds: float) -> None:
    server.clock.at += timedelta(seconds=seconds)


def error_of(answer: Response) -> str:
    """The code of a refusal, which is always a 4xx in JSON without the asker's words."""
    assert 400 <= answer.status < 500, answer
    members = json.loads(answer.body)
    assert {"error", "error_description"} >= members.keys() >= {"error"}
    assert "no-store" == answer.headers["cache-control"]
    return members["error"]
