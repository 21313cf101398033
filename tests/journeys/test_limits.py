"""
Two hubs over one PostgreSQL, as two workers or two machines: a proof is good for one of them once, a budget is one
budget, and the public, which has no name, is counted by where it comes from.
"""

import asyncio
import hashlib
import json
import re
import secrets
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from sqlalchemy import insert, text

from hub.identity.keys import token_key
from hub.identity.partners import NewPartner, Partners, admit
from hub.identity.public_keys import to_base64url
from hub.identity.tokens import Binding, TokenIssuer
from hub.settings import Settings
from hub.store.engine import open_engine, writing
from hub.store.identity_tables import PartnerKey
from hub.store.tables import table_of
from keys.ring import KeyRing
from schema.identifiers.uscc import compose
from schema.policy.model import ActorKind
from tests.journeys.serving import serving

RESOURCE = "http://127.0.0.1:8000/graphql"
CODES = [compose("91510100", f"MA6JJ{number:03d}") for number in range(40)]
ONE = "query($c: ID!) { subject(code: $c) { code } }"
MANY = "query($c: [ID!]!) { subjects(codes: $c) { code } }"
SEARCH = 'query($f: Int!) { searchSubjects(name: "公司", first: $f) { nodes { code } } }'
SEARCH_WHOLE = '{ searchSubjects(name: "公司", first: 2) { nodes { records { totalCount } } } }'


@dataclass(kw_only=True)
class Partner:
    """A partner with a token that is bound to its key."""

    id: str
    token: str
    key: ECKey
    nonce: str = ""

    def proof(self, **claims):
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.as_dict(private=False)}
        said = {
            "htm": "POST",
            "htu": RESOURCE,
            "iat": int(time.time()),
            "jti": secrets.token_urlsafe(12),
            "ath": to_base64url(hashlib.sha256(self.token.encode()).digest()),
            "nonce": self.nonce,
            **claims,
        }
        return jws.serialize_compact(header, json.dumps(said), self.key)


@dataclass(kw_only=True)
class Heard:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: dict

    @property
    def code(self):
        return self.body["errors"][0]["extensions"]["code"]

    @property
    def rule(self):
        return self.body["errors"][0]["extensions"].get("rule")


@dataclass(kw_only=True)
class Pair:
    """Two hubs over one store."""

    urls: list[str]
    engine: object
    keys: str
    session: aiohttp.ClientSession

    async def ask(self, which, body, *, partner=None, proof=None, **headers):
        sent = {"accept": "application/graphql-response+json", **headers}
        if partner is not None:
            if not partner.nonce:
                await self._nonce(partner)
            sent |= {"authorization": f"DPoP {partner.token}", "dpop": proof or partner.proof()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"{self.urls[which]}/graphql"
        async with self.session.post(url, data=data, headers={"content-type": "application/json", **sent}) as response:
            told = {name.lower(): value for name, value in response.headers.items()}
            if partner is not None:
                partner.nonce = told.get("dpop-nonce", partner.nonce)
            return Heard(status=response.status, headers=told, body=await response.json(content_type=None))

    async def _nonce(self, partner):
        sent = {"authorization": f"DPoP {partner.token}", "dpop": partner.proof()}
        async with self.session.post(
            f"{self.urls[0]}/graphql", data=b"{}", headers={"content-type": "application/json", **sent}
        ) as response:
            assert response.status in {400, 401}
            partner.nonce = response.headers["dpop-nonce"]

    async def admit(self, name, **limits):
        key = ECKey.generate_key("P-256")
        thumbprint = key.thumbprint()
        await Partners(self.engine).add(
            admit(NewPartner(id=name, name=name, actor=ActorKind.GC, organisation=CODES[0]), datetime.now(UTC))
        )
        row = {
            "partner": name, "thumbprint": thumbprint, "kid": "k", "jwk": json.dumps(key.as_dict(private=False)),
            "origin": "value", "added_at": "2026-01-01T00:00:00.000000Z", "valid_to": None, "state": "active",
        }  # fmt: skip
        async with writing(self.engine) as writer:
            await writer.write(insert(table_of(PartnerKey)), [row])
            for column, limit in limits.items():
                await writer.write(text(f"UPDATE partner SET {column} = {limit} WHERE id = '{name}'"))  # noqa: S608
        settings = Settings(keys=self.keys)
        issuer = TokenIssuer(
            private_jwk=token_key(KeyRing.open(settings.keys, create=False)),
            issuer=settings.issuer,
            audience=settings.audience,
        )
        minted = issuer.mint(
            name, now=datetime.now(UTC), lifetime_s=300, jti=secrets.token_urlsafe(16),
            binding=Binding(client_key=thumbprint, jkt=thumbprint),
        )  # fmt: skip
        return Partner(id=name, token=minted.token, key=key)

    async def spent(self, partner, policy):
        """Units used in each span of a budget."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT used FROM spent WHERE asker = :asker AND span LIKE :span ORDER BY span"),
                {"asker": partner.id, "span": f"{policy} %"},
            )
            return list(rows.scalars())

    async def count(self, table):
        async with self.engine.connect() as connection:
            return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608


@pytest.fixture(scope="module")
def hubs(tmp_path_factory, postgres_server):
    """The first hub makes the keys, the second takes them."""
    home, store = tmp_path_factory.mktemp("hubs"), postgres_server.migrated()
    settings = {"HUB_KEYS": f"file:{home}/keys", "HUB_UNSAFE_BEARER_TOKENS": "false"}
    with ExitStack() as stack:
        urls = []
        for name in ("a", "b"):
            (home / name).mkdir()
            urls.append(stack.enter_context(serving(home / name, store, **settings)).url)
        yield urls, store, settings["HUB_KEYS"]
    postgres_server.drop(store)


@pytest.fixture
async def pair(hubs):
    urls, store, keys = hubs
    engine = open_engine(store)
    async with aiohttp.ClientSession() as session:
        yield Pair(urls=urls, engine=engine, keys=keys, session=session)
    await engine.dispose()


@pytest.fixture
async def strict(tmp_path, sqlite_url):
    """A hub that lets one address of the public ask five times a minute."""
    with serving(tmp_path, sqlite_url, HUB_PUBLIC_REQUESTS_PER_MINUTE="5") as hub:
        engine = open_engine(sqlite_url)
        async with aiohttp.ClientSession() as session:
            yield Pair(urls=[hub.url], engine=engine, keys="", session=session)
        await engine.dispose()


def about(code):
    return {"query": ONE, "variables": {"c": code}}


def both(one, other):
    return {"query": f"{{ a: {one} b: {other} }}"}


class TestProofs:
    async def test_a_proof_shown_to_one_is_refused_by_the_other(self, pair):
        """Whatever the first did with it: answered, refused, or never took for a question."""
        partner = await pair.admit("proof")
        first = {
            "answered": about(CODES[1]),
            "open": {"query": "{ me { actor } }"},
            "unparsed": {"query": "{ me {"},
            "invalid": {"query": "{ nobody }"},
            "denied": {**about(CODES[1]), "extensions": {"purpose": {"code": "NO_SUCH"}}},
            "no document": {"documentId": "sha256:" + "0" * 64},
            "not persisted": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
        }
        await pair.ask(0, first["open"], partner=partner)
        seen = await pair.count("seen")
        for name, body in first.items():
            proof = partner.proof()
            one = await pair.ask(0, body, partner=partner, proof=proof)
            other = await pair.ask(1, about(CODES[2]), partner=partner, proof=proof)

            assert 401 != one.status, name
            assert (401, "UNAUTHENTICATED") == (other.status, other.code), name
            assert re.match(r'DPoP .*error="invalid_dpop_proof"', other.headers["www-authenticate"]), name
            assert "data" not in other.body, name
        assert len(first) == await pair.count("seen") - seen, "each exactly once"

    async def test_of_one_proof_shown_to_both_at_once_one_is_answered(self, pair):
        partner = await pair.admit("proofs")
        await pair.ask(0, about(CODES[1]), partner=partner)
        for _ in range(10):
            proof = partner.proof()
            heard = await asyncio.gather(
                *(pair.ask(which, about(CODES[1]), partner=partner, proof=proof) for which in (0, 1, 0, 1))
            )

            assert [200, 401, 401, 401] == sorted(each.status for each in heard)


class TestBudgets:
    async def test_requests_over_both_never_exceed_the_limit(self, pair):
        partner = await pair.admit("requests", requests_per_minute=20)
        bodies = [about(CODES[1]), {"query": "{ me { actor } }"}, {"query": "{ me {"}]
        heard = await asyncio.gather(
            *(pair.ask(number % 2, bodies[number % 3], partner=partner) for number in range(90))
        )
        statuses = Counter(each.status for each in heard if each.status != 401)
        refused = [each for each in heard if each.status == 429]
        used = await pair.spent(partner, "requests-per-minute")

        assert max(used) <= 20
        assert sum(used) == statuses[200] + statuses[400]
        unproven = sum(each.status == 401 for each in heard)  # the nonce was renewed under them
        assert len(refused) >= 90 - 20 * len(used) - unproven
        for each in refused:
            assert ("RATE_LIMITED", "quota.requests-per-minute") == (each.code, each.rule)
            assert "data" not in each.body
            assert 1 <= int(each.headers["retry-after"]) <= 60
            assert each.headers["ratelimit"].startswith('"requests-per-minute";r=0;')

    async def test_subjects_over_both_never_exceed_the_limit(self, pair):
        partner = await pair.admit("subjects", subjects_per_day=60)
        sizes = [1, 7, 13, 4, 20, 2, 9, 30, 1, 16] * 2
        heard = await asyncio.gather(
            *(
                pair.ask(number % 2, {"query": MANY, "variables": {"c": CODES[:size]}}, partner=partner)
                for number, size in enumerate(sizes)
            )
        )
        named = sum(size for size, each in zip(sizes, heard, strict=True) if each.status == 200)
        (used,) = await pair.spent(partner, "subjects-per-day")

        assert named == used <= 60
        assert {200, 429} == {each.status for each in heard} - {401}
        for each in heard:
            if each.status == 429:
                assert ("quota.subjects-per-day", 60) == (each.rule, each.body["errors"][0]["extensions"]["limit"])
                assert "data" not in each.body

    async def test_what_is_left_tells_nothing_of_what_is_on_file(self, pair):
        """A subject counts because it is named: on file or not, twice or once in a list."""
        partner = await pair.admit("hidden", subjects_per_day=100)
        left = []
        for codes in ([CODES[0]], [CODES[1], CODES[2]], [CODES[3]] * 5, ["no code"]):
            heard = await pair.ask(0, {"query": MANY, "variables": {"c": codes}}, partner=partner)
            left.append(re.search(r'"subjects-per-day";r=(\d+)', heard.headers["ratelimit"])[1])
        searched = await pair.ask(0, {"query": SEARCH, "variables": {"f": 30}}, partner=partner)

        assert ["99", "97", "96", "96"] == left
        assert '"subjects-per-day";r=66;' in searched.headers["ratelimit"]

    async def test_limits_are_published(self, pair):
        partner = await pair.admit("published", requests_per_minute=7, subjects_per_day=11)
        query = {
            "query": "{ me { maxCodes limits { requestsPerMinute subjectsPerDay subjectsPerQuestion searchPage } } }"
        }
        own, public = await pair.ask(0, query, partner=partner), await pair.ask(0, query)

        assert {"requestsPerMinute": 7, "subjectsPerDay": 11, "subjectsPerQuestion": 500, "searchPage": 200} == (
            own.body["data"]["me"]["limits"]
        )
        assert {"requestsPerMinute": 1_000_000, "subjectsPerDay": None, "subjectsPerQuestion": 1, "searchPage": 20} == (
            public.body["data"]["me"]["limits"]
        )
        assert 1 == public.body["data"]["me"]["maxCodes"]
        assert (
            '"requests-per-minute";q=7;w=60, "subjects-per-day";q=11;w=86400;hub-unit="subjects"'
            == (own.headers["ratelimit-policy"])
        )


class TestPublic:
    @pytest.mark.parametrize(
        ("query", "rule"),
        [
            ({"query": MANY, "variables": {"c": CODES[:2]}}, "public.one_subject"),
            ({"query": MANY, "variables": {"c": [CODES[1]] * 2}}, "public.one_subject"),
            (both(f'subject(code: "{CODES[1]}") {{ code }}', f'subject(code: "{CODES[2]}") {{ code }}'),
             "public.one_subject"),
            (both(f'subject(code: "{CODES[1]}") {{ code }}', 'searchSubjects(name: "公司") { nodes { code } }'),
             "public.one_subject"),
            (both('searchSubjects(name: "甲") { nodes { code } }', 'searchSubjects(name: "乙") { nodes { code } }'),
             "public.one_subject"),
            ({"query": "query($r: [_Any!]!) { _entities(representations: $r) { ... on CreditSubject { code } } }",
              "variables": {"r": [{"__typename": "CreditSubject", "code": code} for code in CODES[:2]]}},
             "public.one_subject"),
            ({"query": SEARCH, "variables": {"f": 21}}, "public.page"),
            ({"query": SEARCH_WHOLE}, "public.page"),
        ],
    )  # fmt: skip
    async def test_more_than_one_subject_is_refused_with_the_rule_and_logged(self, pair, query, rule):
        before = await pair.count("delivery")
        heard = await pair.ask(0, query)

        assert ("FORBIDDEN", rule) == (heard.code, heard.rule)
        assert "data" not in heard.body
        assert "denial" == heard.body["extensions"]["receipt"]["kind"]
        assert before == await pair.count("delivery")

    @pytest.mark.parametrize(
        "query",
        [
            about(CODES[1]),
            {"query": MANY, "variables": {"c": CODES[:1]}},
            both(f'subject(code: "{CODES[1]}") {{ code }}', f'subject(code: "{CODES[1]}") {{ name }}'),
            {"query": SEARCH, "variables": {"f": 20}},
            {"query": "{ me { actor } sources { id } }"},
        ],
    )
    async def test_one_subject_or_one_page_is_answered(self, pair, query):
        heard = await pair.ask(0, query)

        assert 200 == heard.status
        assert "errors" not in heard.body

    async def test_one_address_is_limited_whatever_it_asks_and_whatever_it_says_of_itself(self, strict, tmp_path):
        """Nobody behind no proxy can choose as whom to be counted; and no address is written anywhere."""
        bodies = [about(CODES[1]), {"query": "{"}, {"query": MANY, "variables": {"c": CODES[:2]}}, {"documentId": "x"}]
        heard = [
            await strict.ask(0, bodies[number % 4], **{"x-forwarded-for": f"198.51.100.{number}"})
            for number in range(16)
        ]
        limited = [each for each in heard if each.status == 429]

        assert len(limited) >= 6, "at most five a minute, in two minutes"
        assert {("RATE_LIMITED", "quota.requests-per-minute")} == {(each.code, each.rule) for each in limited}
        assert all(1 <= int(each.headers["retry-after"]) <= 60 for each in limited)
        assert 0 == await strict.count("spent")
        assert "198.51.100" not in (tmp_path / "hub.log").read_text()
