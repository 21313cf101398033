"""Consents at a running hub: given and taken back by their subject's own token, and by nobody else's."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from schema.identifiers.uscc import compose
from tests.journeys.serving import Serving, free_port, serving
from tests.support.oauth_client import OAuthClient

SUBJECT, BANK = compose("91510100", "MA000001"), compose("91310000", "MA000003")
PATH = "/consent/graphql"
GIVE = """mutation($consent: NewConsent!) {
  giveConsent(consent: $consent) { id subject grantee purpose items validFrom validTo revokedAt }
}"""
REVOKE = 'mutation($id: ID!) { revokeConsent(id: $id, reason: "no loan wanted") { id revokedAt revokedBy } }'
GIVEN = "{ consentsGiven { nodes { id revokedAt } } }"
RECEIVED = "{ consentsReceived { nodes { id subject } } }"
CONSENT = {
    "grantee": BANK,
    "purpose": "FINANCING",
    "items": ["C15", "C16"],
    "evidence": "sm3:" + "0" * 64,
}


@dataclass
class Client:
    """A partner's program with a token."""

    url: str
    program: OAuthClient
    nonce: str = ""
    token: str = ""

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sign_in(self) -> None:
        address = f"{self.url}/oauth/token"
        for _ in range(2):
            proof = self.program.proof(self.now, "POST", address, nonce=self.nonce or None)
            answer = httpx2.post(address, data=self.program.form(self.now), headers={"dpop": proof}, timeout=30)
            self.nonce = answer.headers.get("dpop-nonce", self.nonce)
        self.token = answer.json()["access_token"]

    def proof(self, path: str = PATH) -> str:
        return self.program.proof(self.now, "POST", self.url + path, nonce=self.nonce, token=self.token)

    def ask(self, document: str, proof: str | None = None, **variables: object) -> httpx2.Response:
        headers = {"authorization": f"DPoP {self.token}", "dpop": self.proof() if proof is None else proof}
        body = {"query": document, "variables": variables}
        return httpx2.post(self.url + PATH, json=body, headers=headers, timeout=30)

    def done(self, document: str, **variables: object) -> Any:
        answer = self.ask(document, **variables).json()
        assert "errors" not in answer, answer
        (value,) = answer["data"].values()
        return value


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Serving]:
    """A hub that takes bound tokens only, with a subject and a bank."""
    folder = tmp_path_factory.mktemp("consents")
    (folder / "hub.db").write_bytes(sqlite_template.read_bytes())
    port = free_port()
    settings = {"HUB_ISSUER": f"http://127.0.0.1:{port}", "HUB_UNSAFE_BEARER_TOKENS": ""}
    with serving(folder, f"sqlite:///{folder / 'hub.db'}", port=port, **settings) as running:
        running.hub("partner", "add", "su", "--name", "蜀能(模拟)", "--actor", "SU", "--organisation", SUBJECT)
        running.hub("partner", "add", "bank", "--name", "银行(模拟)", "--actor", "FI", "--organisation", BANK)
        yield running


@pytest.fixture(scope="module")
def clients(hub: Serving, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Client]:
    """Their programs, signed in."""
    folder = tmp_path_factory.mktemp("keys")
    made = {}
    for name in ("su", "bank"):
        program = OAuthClient(name, issuer=hub.url)
        (folder / f"{name}.json").write_text(json.dumps(program.public), encoding="utf-8")
        hub.hub("partner", "key", "add", name, str(folder / f"{name}.json"))
        made[name] = Client(url=hub.url, program=program)
        made[name].sign_in()
    return made


@pytest.fixture
def subject(clients: dict[str, Client]) -> Client:
    return clients["su"]


@pytest.fixture
def bank(clients: dict[str, Client]) -> Client:
    return clients["bank"]


def refused(answer: httpx2.Response) -> tuple[int, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["extensions"]["code"]


class TestGiveAndRevoke:
    def test_subject_gives_grantee_sees_subject_takes_back(self, subject, bank):
        """The subject is whom the token says; both see it, each their own side; once taken back, it is so at once."""
        given = subject.done(GIVE, consent=CONSENT)
        seen = bank.done(RECEIVED)["nodes"]
        ended = subject.done(REVOKE, id=given["id"])

        assert (SUBJECT, BANK, ["C15", "C16"]) == (given["subject"], given["grantee"], given["items"])
        assert {"id": given["id"], "subject": SUBJECT} in seen
        assert (given["id"], "su") == (ended["id"], ended["revokedBy"])
        assert ended["revokedAt"] is not None

    def test_grantee_ends_nothing(self, subject, bank):
        given = subject.done(GIVE, consent=CONSENT)
        before = subject.done(GIVEN)
        answer = bank.ask(REVOKE, id=given["id"])

        assert "consent.own_credential" == answer.json()["errors"][0]["extensions"]["rule"]
        assert {"id": given["id"], "revokedAt": None} in before["nodes"]
        assert before == subject.done(GIVEN)

    @pytest.mark.parametrize(
        "change",
        [
            {"grantee": SUBJECT},
            {"grantee": "x"},
            {"purpose": "NOTHING"},
            {"items": []},
            {"items": ["C17"]},
            {"evidence": "x"},
            {"validTo": "2099-01-01"},
            {"validFrom": "2020-01-01"},
        ],
    )
    def test_wrong_consent_is_refused_by_place(self, subject, change):
        before = subject.done(GIVEN)
        answer = subject.ask(GIVE, consent={**CONSENT, **change})
        (error,) = answer.json()["errors"]

        assert "BAD_USER_INPUT" == error["extensions"]["code"]
        assert error["extensions"]["place"]
        assert before == subject.done(GIVEN)


class TestProofs:
    def test_proof_is_used_up_by_one_request(self, subject):
        """Also by one that asks, and by one that is refused: no log entry would tell of it."""
        proof = subject.proof()
        first = subject.ask(GIVEN, proof)
        again = subject.ask(GIVE, proof, consent=CONSENT)

        assert "errors" not in first.json()
        assert (401, "UNAUTHENTICATED") == refused(again)
        assert "invalid_dpop_proof" in again.headers["www-authenticate"]

    def test_proof_for_another_address_is_none(self, subject):
        assert (401, "UNAUTHENTICATED") == refused(subject.ask(GIVEN, subject.proof("/graphql")))

    def test_proof_of_another_partner_is_none(self, subject, bank):
        assert (401, "UNAUTHENTICATED") == refused(subject.ask(GIVEN, bank.proof()))

    @pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer x"}, {"authorization": "Officer hos_x"}])
    def test_whoever_shows_no_token_of_a_partner_is_nobody(self, hub, headers):
        answer = httpx2.post(hub.url + PATH, json={"query": "{ __schema { types { name } } }"}, headers=headers)

        assert (401, "UNAUTHENTICATED") == refused(answer)
        assert "private, no-store" == answer.headers["cache-control"]

    def test_token_without_a_proof_is_none(self, subject):
        headers = {"authorization": f"DPoP {subject.token}"}
        answer = httpx2.post(subject.url + PATH, json={"query": GIVEN}, headers=headers, timeout=30)

        assert (401, "UNAUTHENTICATED") == refused(answer)

    def test_token_of_a_partner_is_useless_to_officers(self, subject):
        headers = {"authorization": f"DPoP {subject.token}", "dpop": subject.proof("/administration/graphql")}
        address = f"{subject.url}/administration/graphql"
        answer = httpx2.post(address, json={"query": "{ me { session } }"}, headers=headers, timeout=30)

        assert (401, "UNAUTHENTICATED") == refused(answer)


def test_suspended_subject_gives_nothing_more(hub, subject):
    """From its next request on; and served again, it may again."""
    hub.hub("partner", "suspend", "su")
    answer = subject.ask(GIVE, consent=CONSENT)
    hub.hub("partner", "resume", "su")

    assert (401, "UNAUTHENTICATED") == refused(answer)
    assert subject.done("{ me { organisation } }") == {"organisation": SUBJECT}
