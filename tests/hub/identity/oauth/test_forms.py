"""The form of a request to the token endpoint: one way to write it, and no other is guessed at."""

import pytest

from hub.identity.oauth.refusals import AnsweredError
from tests.asgi import call
from tests.hub.gateway.standin import NOW
from tests.hub.identity.oauth.conftest import FORM, error_of
from tests.support.oauth_client import encoded

SECONDS = int(NOW.timestamp())


class TestForm:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"grant_type": ...}, "unsupported_grant_type"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
            ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
            ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, "unsupported_grant_type"),
            ({"grant_type": "CLIENT_CREDENTIALS"}, "unsupported_grant_type"),
            ({"client_assertion": ...}, "invalid_client"),
            ({"client_assertion": ""}, "invalid_client"),
            ({"client_assertion_type": ...}, "invalid_client"),
            ({"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, "invalid_client"),
            ({"client_id": "jinjiang"}, "invalid_client"),
            ({"client_secret": "s"}, "invalid_client"),
            ({"client_assertion": ..., "client_id": "sc"}, "invalid_client"),
            ({"client_assertion": ..., "client_id": "sc", "client_secret": "s"}, "invalid_client"),
            ({"scope": "admin"}, "invalid_scope"),
            ({"resource": "https://evil.example/graphql"}, "invalid_target"),
            ({"resource": "graphql"}, "invalid_target"),
            ({"x": "a\x00b"}, "invalid_request"),
            ({"x": "v" * 20_000}, "invalid_request"),
        ],
    )
    async def test_refused(self, server, client, changes, error):
        assert error == error_of(await server.token(client, form=client.form(NOW, **changes)))

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            (b"", "unsupported_grant_type"),
            (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
            (b"resource=a&resource=b", "invalid_request"),
            (b"a", "invalid_request"),
            (b"&&&", "invalid_request"),
            (b"a=%ff", "invalid_request"),
            (b"a=%ed%a0%80", "invalid_request"),
            (b"a=\xff", "invalid_request"),
            (b"a=%00", "invalid_request"),
            (b"&".join(b"p%d=1" % number for number in range(33)), "invalid_request"),
            (b'{"grant_type":"client_credentials"}', "invalid_request"),
            (b"a=" + b"x" * 40_000, "invalid_request"),
        ],
    )
    async def test_a_body_that_is_no_clean_form(self, server, body, error):
        assert error == error_of(await server.post("/oauth/token", {}, body=body))

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            ("application/json", 415), ("multipart/form-data; boundary=x", 415), ("text/plain", 415), ("", 415),
            ("application/x-www-form-urlencoded; charset=utf-16", 415),
            ("application/x-www-form-urlencoded, application/json", 415),
            ("application/x-www-form-urlencoded-x", 415),
        ],
    )  # fmt: skip
    async def test_another_content_type(self, server, client, kind, status):
        answer = await call(
            server.app, "POST", "/oauth/token", headers=[("content-type", kind)], body=encoded(client.form(NOW))
        )

        assert (status, "invalid_request") == (answer.status, error_of(answer))

    async def test_two_content_types(self, server, client):
        answer = await server.post("/oauth/token", client.form(NOW), FORM)

        assert 415 == answer.status

    async def test_charset_utf_8_is_what_it_is_anyway(self, server, client):
        answer = await call(
            server.app, "POST", "/oauth/token", headers=[(FORM[0], f"{FORM[1]};charset=UTF-8")], body=b"grant_type=x"
        )

        assert "unsupported_grant_type" == error_of(answer)

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
    async def test_another_method(self, server, method):
        answer = await call(server.app, method, "/oauth/token")

        assert (405, "POST") == (answer.status, answer.headers["allow"])

    async def test_nothing_may_stand_in_the_url(self, server, client):
        """URLs are kept in logs."""
        answer = await call(
            server.app, "POST", "/oauth/token?client_id=sc", headers=[FORM], body=encoded(client.form(NOW))
        )

        assert "invalid_request" == error_of(answer)

    @pytest.mark.parametrize("value", ["Basic c2M6c2VjcmV0", "basic", "Basic "])
    async def test_a_secret_in_the_header_is_refused_by_its_scheme(self, server, client, value):
        answer = await server.post("/oauth/token", client.form(NOW), ("authorization", value))

        assert (401, "invalid_client") == (answer.status, error_of(answer))
        assert "Basic" in answer.headers["www-authenticate"]

    @pytest.mark.parametrize("values", [["Bearer x"], ["DPoP x"], ["Bearer x", "Bearer y"]])
    async def test_two_kinds_of_credentials_at_once(self, server, client, values):
        answer = await server.post("/oauth/token", client.form(NOW), *(("authorization", value) for value in values))

        assert "invalid_request" == error_of(answer)

    async def test_a_packed_body(self, server, client):
        assert 415 == (await server.post("/oauth/token", client.form(NOW), ("content-encoding", "gzip"))).status

    async def test_a_body_that_is_told_to_be_too_large(self, server):
        answer = await server.post("/oauth/token", {}, ("content-length", "99999999"))

        assert (413, "invalid_request") == (answer.status, error_of(answer))

    async def test_who_leaves_gets_no_answer(self, server):
        answer = await call(server.app, "POST", "/oauth/token", headers=[FORM], chunks=[])

        assert 0 == answer.status

    async def test_no_answer_repeats_what_was_sent(self, server, client):
        marked = "MARKED-BY-THE-ASKER"
        forms = [client.form(NOW, **{name: marked}) for name in ("grant_type", "client_assertion", "scope", "resource")]
        answers = [await server.token(client, form=form) for form in forms]

        assert all(marked.encode() not in answer.body for answer in answers)
        assert all(marked not in value for answer in answers for value in answer.headers.values())


def test_an_error_of_form_keeps_its_status():
    assert (413, 400) == (AnsweredError("x", 413).status_code, AnsweredError("x").status_code)
