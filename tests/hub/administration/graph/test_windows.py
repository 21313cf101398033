"""The windows by themselves: what they take, what they refuse, before and after they know who asks."""

import json

import pytest
import structlog

from hub.access.cursors import KEY_SIZE, SealedCursors
from hub.administration.graph.windows import ADMINISTRATION_PATH, CONSENT_PATH, WindowParts, windows
from hub.administration.services import Services, services_of
from hub.gateway.http import Limits
from hub.gateway.port import Credentials, Identified
from hub.identity.caller import Proof, the_public
from hub.identity.officers.carriers import COOKIE, Carrier
from hub.identity.officers.sessions import Method
from hub.rulebook import load_rules
from hub.store.dossiers import Dossiers
from hub.store.engine import writing
from tests.asgi import Response, call
from tests.hub.administration.hall import PENALTY_FACTS, Hall, caller
from tests.hub.identity.officers.bureau import ORIGIN

LIMITS = Limits(body_max_bytes=20_000, url_max_bytes=1_000, body_deadline_s=5.0, deadline_s=20.0)
JSON = ("content-type", "application/json")
ME = "{ me { officer { id } steppedUp } }"
TWO_LISTS = """{
  a: changeSets(first: 100) { nodes { items { kind body } approvals { officer } } }
  b: changeSets(first: 100) { nodes { items { kind body } approvals { officer } } }
}"""
DRAFT = "mutation($c: NewChangeSet!) { draftChangeSet(change: $c) { id digest } }"


class Register:
    """A doorkeeper who knows people by name: `Bearer su` is the subject, with a proof if a DPoP header names one."""

    async def identify(self, credentials: Credentials) -> Identified:
        if credentials.authorization != [b"Bearer su"]:
            return Identified(caller=the_public())
        proof = Proof(digest=credentials.proofs[0].ljust(32), expires_at=4e9) if credentials.proofs else None
        return Identified(caller=caller(), proof=proof, nonce="next")

    async def confirm(self, caller) -> None:
        assert caller.partner is not None


class Counter:
    """Both windows over a hall."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.log = structlog.testing.CapturingLogger()
        sessions, officers = hall.bureau.parts.sessions, hall.bureau.parts.officers
        self.services: Services = services_of(
            hall.desk, officers, sessions, records=Dossiers(hall.engine), rules=load_rules()
        )
        parts = WindowParts(
            engine=hall.engine,
            services=self.services,
            doorkeeper=Register(),
            cursors=SealedCursors(bytes(KEY_SIZE)),
            limits=LIMITS,
            clock=hall.clock,
            log=self.log,
        )
        self.apps = {route.path: route.app for route in windows(parts)}

    async def session(self, officer: str, carrier: Carrier = Carrier.HEADER) -> str:
        async with writing(self.hall.engine) as writer:
            started = await self.hall.bureau.parts.sessions.start(writer, officer, Method.TOTP, carrier)
        return started.secret

    async def post(self, body: object, *headers: tuple[str, str], path: str = ADMINISTRATION_PATH) -> Response:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await call(self.apps[path], "POST", path, headers=[JSON, *headers], body=sent)

    async def ask(self, officer: str, document: str, **variables: object) -> Response:
        header = ("authorization", f"Officer {await self.session(officer)}")
        return await self.post({"query": document, "variables": variables}, header)


@pytest.fixture
def counter(hall: Hall) -> Counter:
    return Counter(hall)


def told(response: Response) -> dict[str, object]:
    (error,) = response.json["errors"]
    found: dict[str, object] = error["extensions"]
    return found


class TestWhoAsks:
    async def test_officer_is_told_who_they_are(self, counter):
        answer = await counter.ask("bao", ME)

        assert {"data": {"me": {"officer": {"id": "bao"}, "steppedUp": True}}} == answer.json
        assert "private, no-store" == answer.headers["cache-control"]

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b'{"query": 1}', b'{"query": "{ __schema { types { name } } }"}']
    )
    async def test_nobody_learns_not_even_what_is_wrong_with_the_body(self, counter, body):
        """The body is not read before it is known who sends it."""
        answer = await counter.post(body)

        assert (401, "officer.session") == (answer.status, told(answer)["rule"])

    async def test_browser_shows_that_the_page_is_ours(self, counter):
        cookie = ("cookie", f"{COOKIE}={await counter.session('bao', Carrier.COOKIE)}")
        own = await counter.post({"query": ME}, cookie, ("origin", ORIGIN), ("sec-fetch-site", "same-origin"))
        foreign = await counter.post({"query": ME}, cookie, ("origin", "https://evil.example"))
        without = await counter.post({"query": ME}, cookie)

        assert 200 == own.status
        assert {(403, "officer.origin")} == {(each.status, told(each)["rule"]) for each in (foreign, without)}

    async def test_partner_of_the_consent_window_is_nobody_here(self, counter):
        answer = await counter.post({"query": ME}, ("authorization", "Bearer su"))

        assert (401, "officer.session") == (answer.status, told(answer)["rule"])


class TestForm:
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
    async def test_only_post(self, counter, method):
        answer = await call(counter.apps[ADMINISTRATION_PATH], method, ADMINISTRATION_PATH)

        assert (405, "POST") == (answer.status, answer.headers["allow"])

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ([{"query": ME}], "BAD_USER_INPUT"),
            ({"documentId": "sha256:" + "0" * 64}, "BAD_USER_INPUT"),
            ({"query": ME, "extensions": {"persistedQuery": {"version": 1}}}, "BAD_USER_INPUT"),
            ({}, "BAD_USER_INPUT"),
            ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
            ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
            ({"query": "subscription { x }"}, "GRAPHQL_VALIDATION_FAILED"),
            ({"query": "{ me { session } " + "a: me { session } " * 3_000 + "}"}, "BAD_USER_INPUT"),
        ],
    )
    async def test_refused(self, counter, body, code):
        answer = await counter.post(body, ("authorization", f"Officer {await counter.session('bao')}"))

        assert code == told(answer)["code"]
        assert "data" not in answer.json

    @pytest.mark.parametrize(
        ("document", "variables", "place"),
        [
            ('{ changeSet(id: "a\\u0000b") { id } }', {}, "query"),
            ('{ changeSet(id: "a\\u{000}b") { id } }', {}, "query"),
            ("query($i: ID!) { changeSet(id: $i) { id } }", {"i": "a\0b"}, "variables"),
            (DRAFT, {"c": {"reason": "r", "items": [{"putOfficer": {"id": "a\0b"}}]}}, "variables"),
            ("{ me { officer { id } } }", {"\0": 1}, "variables"),
        ],
    )
    async def test_text_that_no_store_keeps_is_refused(self, counter, document, variables, place):
        answer = await counter.ask("bao", document, **variables)

        assert ("BAD_USER_INPUT", "request.text", [place]) == tuple(
            told(answer)[name] for name in ("code", "rule", "place")
        )

    @pytest.mark.parametrize("text", ["\\u0001", "\\\\", "u0000", "\\u4f60"])
    async def test_other_texts_are_looked_up(self, counter, text):
        assert "change.unknown" == told(await counter.ask("bao", f'{{ changeSet(id: "{text}") {{ id }} }}'))["rule"]

    @pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
    async def test_forms_of_web_pages_are_refused(self, counter, media):
        header = ("authorization", f"Officer {await counter.session('bao')}")
        body = json.dumps({"query": ME}).encode()
        headers, path = [("content-type", media), header], ADMINISTRATION_PATH
        answer = await call(counter.apps[path], "POST", path, headers=headers, body=body)

        assert 415 == answer.status


class TestBounds:
    @pytest.mark.parametrize(
        ("document", "rule"),
        [
            ("{" + " ".join(f"a{n}: me {{ session }}" for n in range(11)) + "}", "request.roots"),
            (TWO_LISTS, None),
            ("{ changeSets(first: 100) { nodes { " + " ".join(
                f"a{n}: items {{ kind b: body c: body d: body }}" for n in range(10)) + " } } }", "request.nodes"),
            ("query($n: Int!) { changeSets(first: $n) { nodes { " + " ".join(
                f"a{n}: items {{ kind b: body c: body d: body }}" for n in range(10)) + " } } }", "request.nodes"),
            ("{ changeSets(first: 101) { nodes { id } } }", "page.first"),
            ("{ changeSets(first: 0) { nodes { id } } }", "page.first"),
            ('{ changeSets(after: "x") { nodes { id } } }', "page.after"),
            ("{ grants(unusedDays: -1) { nodes { id } } }", "grant.days"),
        ],
    )  # fmt: skip
    async def test_document_asks_for_so_much(self, counter, document, rule):
        answer = await counter.ask("bao", document, **({"n": 100} if "$n" in document else {}))

        assert (rule is None) == ("errors" not in answer.json)
        assert rule is None or rule == told(answer)["rule"]

    async def test_fragments_that_double_are_counted_in_no_time(self, counter):
        doubling = " ".join(
            f"fragment F{n} on ChangeSet {{ ...F{n + 1} ... on ChangeSet {{ ...F{n + 1} }} }}" for n in range(60)
        )
        document = "{ changeSets { nodes { ...F0 } } } " + doubling + " fragment F60 on ChangeSet { id }"
        answer = await counter.ask("bao", document)

        assert "request.nodes" == told(answer)["rule"]

    async def test_cursor_of_one_list_opens_no_other(self, counter):
        for _ in range(2):
            await counter.ask(
                "bao", DRAFT, c={"reason": "r", "items": [{"labelField": {"coordinate": PENALTY_FACTS, "tier": "G"}}]}
            )
        page = (
            await counter.ask("bao", "{ changeSets(first: 1) { nodes { id } pageInfo { endCursor hasNextPage } } }")
        ).json
        cursor = page["data"]["changeSets"]["pageInfo"]["endCursor"]
        onward = await counter.ask(
            "bao", "query($a: String) { changeSets(first: 1, after: $a) { nodes { id } } }", a=cursor
        )
        elsewhere = await counter.ask("bao", "query($a: String) { grants(after: $a) { nodes { id } } }", a=cursor)

        assert page["data"]["changeSets"]["pageInfo"]["hasNextPage"] is True
        assert page["data"]["changeSets"]["nodes"] != onward.json["data"]["changeSets"]["nodes"]
        assert "page.after" == told(elsewhere)["rule"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("item", "place"),
        [
            ({"labelField": {"coordinate": "Penalty.nothing", "tier": "G"}}, ["items", 0, "coordinate"]),
            ({"giveGrant": {"partner": "nobody", "category": "C14", "purpose": "PROCUREMENT_CHECK", "tier": "I",
                            "validFrom": "2027-03-01T04:00:00.000000Z", "validTo": "2027-03-02T04:00:00.000000Z"}},
             ["items", 0, "partner"]),
        ],
    )  # fmt: skip
    async def test_name_the_rule_and_the_place_by_the_names_of_the_schema(self, counter, item, place):
        answer = await counter.ask("bao", DRAFT, c={"reason": "r", "items": [item]})
        extensions = told(answer)

        assert ("BAD_USER_INPUT", place) == (extensions["code"], extensions["place"])
        assert extensions["rule"]
        assert answer.json["data"] is None

    @pytest.mark.parametrize(
        ("officer", "document", "rule"),
        [
            ("bao", "{ journal { nodes { id } } }", "duty.read_journal"),
            ("guan", "{ journal { nodes { id } } }", "duty.read_journal"),
            ("shen", 'mutation { suspendPartner(id: "buyer", reason: "r") { id } }', "duty.restrain_partner"),
            ("guan", 'mutation { simulateChangeSet(id: "x") { id } }', "duty.simulate"),
            ("bao", 'mutation { revokeGrant(id: "x", reason: "r") { id } }', "grant.unknown"),
            ("bao", 'mutation { suspendPartner(id: "nobody", reason: "r") { id } }', "partner.unknown"),
            ("bao", '{ changeSet(id: "x") { id } }', "change.unknown"),
        ],
    )
    async def test_are_by_rule(self, counter, officer, document, rule):
        assert rule == told(await counter.ask(officer, document))["rule"]

    async def test_what_fails_unforeseen_says_nothing_of_itself(self, counter, monkeypatch):
        """Neither the client nor the log learns the text of an error, for it may hold a value."""

        async def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret 11010119900307123X")

        monkeypatch.setattr(counter.services.changes, "list", fail)
        answer = await counter.ask("bao", "{ changeSets { nodes { id } } }")

        assert "INTERNAL" == told(answer)["code"]
        assert b"secret" not in answer.body
        assert "ZeroDivisionError" in str(counter.log.calls)
        assert "secret" not in str(counter.log.calls)


class TestConsentWindow:
    async def test_proof_is_used_up_once_on_every_worker(self, counter, beside):
        headers = (("authorization", "Bearer su"), ("dpop", "p-1"))
        query = {"query": "{ me { organisation } }"}
        first = await counter.post(query, *headers, path=CONSENT_PATH)
        again = await counter.post(query, *headers, path=CONSENT_PATH)
        elsewhere = await Counter(beside).post(query, *headers, path=CONSENT_PATH)

        assert (200, "next") == (first.status, first.headers["dpop-nonce"])
        assert {401} == {again.status, elsewhere.status}
        assert 'error="invalid_dpop_proof"' in again.headers["www-authenticate"]

    async def test_public_gives_nothing(self, counter):
        answer = await counter.post({"query": "{ __typename }"}, path=CONSENT_PATH)

        assert (401, "UNAUTHENTICATED") == (answer.status, told(answer)["code"])
