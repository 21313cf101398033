"""`hub partner show|set|key|document`: the register of partners as an operator keeps it."""

import asyncio
import json
import os

import pytest

from hub.access.policies import Policies
from hub.clock import SystemClock
from hub.identity.client_keys import new_client_key, public_part
from hub.store.engine import open_engine
from tests.hub.cli.test_partner import ADD, Operator, operator

__all__ = ["operator"]

ID = "jinjiang"


@pytest.fixture
def public(tmp_path):
    """Write a new public key as a file; its path and its kid."""

    def make(kid: str, algorithm: str = "ES256"):
        path = tmp_path / f"{kid}.json"
        path.write_text(json.dumps({**public_part(new_client_key(algorithm)), "kid": kid}))
        return str(path)

    return make


@pytest.fixture
def enrolled(operator) -> Operator:
    operator.type(*ADD)
    return operator


class TestEntry:
    def test_all_that_may_be_said_is_shown(self, operator):
        operator.json(
            *ADD, "--contact", "张三", "--jwks-uri", "https://a.example/jwks", "--only-trusted-documents",
            "--valid-from", "2026-01-01", "--requests-per-minute", "7", "--subjects-per-day", "8",
        )  # fmt: skip
        shown = operator.json("partner", "show", ID)

        assert ("张三", "https://a.example/jwks", True, "2026-01-01", 7, 8, []) == (
            shown["contact"], shown["jwksUri"], shown["onlyTrustedDocuments"], shown["validFrom"],
            shown["requestsPerMinute"], shown["subjectsPerDay"], shown["keys"],
        )  # fmt: skip
        assert "registered ones alone" in operator.type("partner", "show", ID).stdout

    def test_what_is_set_is_set_and_nothing_else(self, enrolled):
        (before,) = enrolled.json("partner", "list")
        (after,) = enrolled.json(
            "partner", "set", ID, "--name", "新名", "--purpose", "RISK_WARNING", "--valid-to", "2099-12-31"
        )

        assert ("新名", ["PUBLIC_LOOKUP", "RISK_WARNING"], "2099-12-31") == (
            after["name"], after["purposes"], after["validTo"],
        )  # fmt: skip
        assert {**before, **{name: after[name] for name in ("name", "purposes", "validTo")}} == after

    def test_what_is_optional_is_lifted(self, operator):
        operator.json(*ADD, "--contact", "张三", "--valid-to", "2099-12-31", "--only-trusted-documents")
        (after,) = operator.json("partner", "set", ID, "--contact", "", "--valid-to", "none", "--any-document")

        assert (None, None, False) == (after["contact"], after["validTo"], after["onlyTrustedDocuments"])

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["set", ID, "--jwks-uri", "http://a.example/"], "jwks_uri"),
            (["set", ID, "--valid-to", "soon"], "valid_to"),
            (["set", ID, "--valid-to", "2020-01-01"], "past"),
            (["set", ID, "--ceiling", "G"], "ceiling"),
            (["set", ID, "--purpose", "x"], "purposes"),
            (["show", "nobody"], "no such partner"),
        ],
    )
    def test_refused(self, enrolled, words, says):
        done = enrolled.type("partner", *words)

        assert (1, "") == (done.exit_code, done.stdout)
        assert says in done.stderr


class TestPurposes:
    def test_a_purpose_the_policy_in_force_does_not_know_is_refused(self, operator):
        """A typing error would otherwise be a purpose that never works."""

        async def settle() -> None:
            engine = open_engine(os.environ["HUB_DATABASE_URL"])
            await Policies(engine).settle(SystemClock().now())
            await engine.dispose()

        asyncio.run(settle())
        done = operator.type(*ADD, "--purpose", "PROCUREMENT_CHEKC")

        assert 1 == done.exit_code
        assert "PROCUREMENT_CHEKC" in done.stderr
        assert 0 == operator.type(*ADD, "--purpose", "PROCUREMENT_CHECK").exit_code


class TestKey:
    def test_two_are_active_and_one_is_revoked(self, enrolled, public):
        enrolled.type("partner", "key", "add", ID, public("old"))
        enrolled.type("partner", "key", "add", ID, public("new", "EdDSA"))
        before = enrolled.json("partner", "key", "list", ID)
        after = enrolled.json("partner", "key", "remove", ID, "old")

        assert {"old": "active", "new": "active"} == {key["kid"]: key["state"] for key in before}
        assert {"old": "revoked", "new": "active"} == {key["kid"]: key["state"] for key in after}

    @pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256"])
    def test_a_key_is_made_and_registered(self, enrolled, tmp_path, algorithm):
        made = enrolled.type("partner", "key", "make", str(tmp_path / "client.jwk"), "--algorithm", algorithm)
        (tmp_path / "public.json").write_text(made.stdout)
        (key,) = enrolled.json("partner", "key", "add", ID, str(tmp_path / "public.json"))

        assert 0o600 == (tmp_path / "client.jwk").stat().st_mode & 0o777
        assert "d" not in json.loads(made.stdout)
        assert algorithm in key["algorithms"]

    def test_a_private_key_is_refused(self, enrolled, tmp_path):
        enrolled.type("partner", "key", "make", str(tmp_path / "client.jwk"))
        done = enrolled.type("partner", "key", "add", ID, str(tmp_path / "client.jwk"))

        assert 1 == done.exit_code
        assert "burnt" in done.stderr

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["add", ID, "/nowhere.json"], "No such file"),
            (["add", ID, "/dev/null"], "JSON"),
            (["list", "nobody"], "no such partner"),
            (["remove", ID, "k"], "no such key"),
            (["make", "/nowhere/client.jwk"], "No such file"),
        ],
    )
    def test_refused(self, enrolled, words, says):
        done = enrolled.type("partner", "key", *words)

        assert (1, "") == (done.exit_code, done.stdout)
        assert says in done.stderr

    def test_of_nobody(self, enrolled, public):
        assert "no such partner" in enrolled.type("partner", "key", "add", "nobody", public("k")).stderr

    def test_made_over_another_is_refused(self, enrolled, tmp_path):
        (tmp_path / "client.jwk").write_text("mine")
        done = enrolled.type("partner", "key", "make", str(tmp_path / "client.jwk"))

        assert 1 == done.exit_code
        assert "mine" == (tmp_path / "client.jwk").read_text()


class TestDocument:
    def test_registered_listed_and_removed(self, enrolled, tmp_path):
        (tmp_path / "q.graphql").write_text("query Dossier { me { actor } }")
        name = enrolled.json("partner", "document", "add", str(tmp_path / "q.graphql"))["id"]
        listed = enrolled.json("partner", "document", "list")
        enrolled.type("partner", "document", "remove", name)

        assert [(name, "query Dossier { me { actor } }")] == [(each["id"], each["text"]) for each in listed]
        assert [] == enrolled.json("partner", "document", "list")
        assert "no such document" in enrolled.type("partner", "document", "remove", name).stderr

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"{ a }" + b" " * 300_000])
    def test_refused(self, enrolled, tmp_path, content):
        (tmp_path / "q.graphql").write_bytes(content)

        assert 1 == enrolled.type("partner", "document", "add", str(tmp_path / "q.graphql")).exit_code


class TestToken:
    def test_where_bare_tokens_are_not_taken_none_is_minted(self, enrolled, monkeypatch):
        monkeypatch.setenv("HUB_UNSAFE_BEARER_TOKENS", "false")
        done = enrolled.type("partner", "token", ID)

        assert (1, "") == (done.exit_code, done.stdout)
        assert "HUB_UNSAFE_BEARER_TOKENS" in done.stderr
        assert "docs/identity.md" in done.stderr
