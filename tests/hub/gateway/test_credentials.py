"""What a request shows of who sends it reaches the doorkeeper whole, by every lane, and what follows from it."""

from dataclasses import replace

import pytest

from hub.gateway.documents import document_id_of
from hub.gateway.port import Identified
from hub.identity.caller import Proof, the_public
from tests.hub.gateway.conftest import STRICT, Client
from tests.hub.gateway.standin import Stand

HELLO = {"query": "{ hello }"}
LIMITED = replace(the_public(), partner="gc", only_trusted_documents=True)
PROOF = Proof(digest=bytes(32), expires_at=1.0)


class TestShown:
    async def test_proofs_certificate_method_and_path_are_told(self, client, stand):
        await client.post(HELLO, ("dpop", "p1"), ("DPoP", "p2"), ("client-cert", ":AA==:"), ("client-cert", ":BB==:"))
        (shown,) = stand.names.shown

        assert ([], [b"p1", b"p2"], b":AA==:, :BB==:") == (shown.authorization, shown.proofs, shown.certificate)
        assert ("POST", "/graphql") == (shown.method, shown.path)

    async def test_without_them_there_are_none(self, client, stand):
        await client.post(HELLO)
        (shown,) = stand.names.shown

        assert ([], None) == (shown.proofs, shown.certificate)

    async def test_by_get_the_method_is_get(self, client, stand):
        await client.raw("GET", "/graphql?query=%7Bhello%7D")

        assert "GET" == stand.names.shown[0].method

    async def test_the_peer_is_the_other_end_of_the_connection(self, stand):
        await Client(stand).post(HELLO)

        assert "127.0.0.1" == stand.names.shown[0].peer


class TestAnswered:
    async def test_the_road_gets_the_proof_to_use_it_up(self, client, stand):
        stand.names.told = [Identified(caller=the_public(), proof=PROOF)]
        await client.post(HELLO)
        ((question, _),) = stand.road.asked

        assert PROOF == question.proof

    async def test_a_new_nonce_is_told_with_the_answer(self, client, stand):
        stand.names.told = [Identified(caller=the_public(), proof=PROOF, nonce="n-2")]

        assert "n-2" == (await client.post(HELLO)).headers["dpop-nonce"]

    async def test_without_one_nothing_is_told(self, client, stand):
        assert "dpop-nonce" not in (await client.post(HELLO)).headers


class TestLimitedToDocuments:
    @pytest.fixture
    def limited(self, stand) -> Stand:
        stand.names.told = [Identified(caller=LIMITED, proof=PROOF)]
        return stand

    async def test_another_document_is_refused_by_rule(self, client, limited):
        answer = await client.post(HELLO, STRICT)
        (error,) = answer.json["errors"]

        assert (403, "FORBIDDEN", "document.unregistered") == (
            answer.status, error["extensions"]["code"], error["extensions"]["rule"],
        )  # fmt: skip
        assert [] == limited.road.asked

    async def test_the_refused_request_counts_and_uses_up_its_proof(self, client, limited):
        await client.post(HELLO)

        assert [(LIMITED, PROOF)] == [counted[:2] for counted in limited.road.counted]

    async def test_a_registered_one_is_asked_by_its_name(self, client, limited):
        answer = await client.post({"documentId": "sha256:" + "a" * 64}, STRICT)

        assert (200, {"data": {"hello": "hello "}}) == (answer.status, answer.json)

    async def test_or_by_its_text(self, client, stand):
        stand = Stand(documents={document_id_of("{ hello }"): "{ hello }"})
        stand.names.told = [Identified(caller=LIMITED)]

        assert 200 == (await Client(stand, client.way).post(HELLO, STRICT)).status

    async def test_nobody_is_refused_from_memory(self, client, limited):
        """The limit was lifted elsewhere: the entry is read again before anybody is refused."""
        limited.names.told = [
            Identified(caller=LIMITED),
            Identified(caller=replace(LIMITED, only_trusted_documents=False)),
        ]
        answer = await client.post(HELLO, STRICT)

        assert 200 == answer.status
        assert [LIMITED] == limited.names.confirmed

    async def test_others_ask_what_they_like(self, client, stand):
        stand.names.told = [Identified(caller=replace(LIMITED, only_trusted_documents=False))]

        assert 200 == (await client.post(HELLO, STRICT)).status
