"""Introspection, revocation and metadata: who may ask what of a token, and who may take it back."""

import pytest

from hub.errors import ForbiddenError, UnauthenticatedError
from hub.identity.doorkeeper import SIGNING_ALGORITHMS
from hub.identity.officers.errors import no_session
from hub.identity.officers.model import Acting, Officer, OfficerState, Role
from hub.identity.partners import Partners, PartnerState, refuse_tokens_before
from hub.store.engine import open_engine, writing
from tests.asgi import call
from tests.hub.gateway.standin import NOW
from tests.hub.identity.oauth.conftest import GRAPHQL, ISSUER, Server, enrolled, error_of, later
from tests.hub.identity.test_partners import GROUP
from tests.support.oauth_client import OAuthClient

INTROSPECT, REVOKE = "/oauth/introspect", "/oauth/revoke"
BY_SESSION = ("authorization", "Officer hos_x")


class Sessions:
    """One live session, of an officer of some role; it is told by a header alone."""

    def __init__(self, role: Role, error: Exception | None = None) -> None:
        self.role = role
        self.error = error

    async def acting(self, headers, _method):
        if self.error is not None:
            raise self.error
        if (b"authorization", BY_SESSION[1].encode()) not in list(headers):
            raise no_session()
        officer = Officer(id="o", name="张三", role=self.role, state=OfficerState.ACTIVE, created_at="")
        return Acting(officer=officer, session="s", stepped_up=False)


def asking(client, token, **more):
    form = client.form(NOW, grant_type=..., token=token)
    return {**form, **more}


class TestIntrospection:
    async def test_a_client_is_told_of_its_own_token(self, server, client):
        token = await server.got(client)
        told = (await server.post(INTROSPECT, asking(client, token))).json

        assert (True, "sc", "sc", ISSUER, GRAPHQL, "DPoP") == (
            told["active"], told["client_id"], told["sub"], told["iss"], told["aud"], told["token_type"],
        )  # fmt: skip
        assert 300 == told["exp"] - told["iat"]
        assert ["jkt"] == list(told["cnf"])

    async def test_of_another_clients_it_learns_nothing(self, server, store, client):
        other = await enrolled(store, OAuthClient(GROUP.id, issuer=ISSUER))

        assert {"active": False} == (await server.post(INTROSPECT, asking(other, await server.got(client)))).json

    @pytest.mark.parametrize("text", ["x", "a.b.c", "é", "a" * 9_000, "null"])
    async def test_what_is_no_token_of_ours_is_not_active(self, server, client, text):
        assert {"active": False} == (await server.post(INTROSPECT, asking(client, text))).json

    async def test_an_expired_one_is_not_active(self, server, client):
        token = await server.got(client)
        later(server, 300)
        form = {**client.form(server.now, grant_type=...), "token": token}

        assert {"active": False} == (await server.post(INTROSPECT, form)).json

    @pytest.mark.parametrize("hint", ["refresh_token", "nonsense"])
    async def test_a_wrong_hint_is_no_matter(self, server, client, hint):
        token = await server.got(client)

        assert (await server.post(INTROSPECT, asking(client, token, token_type_hint=hint))).json["active"]

    @pytest.mark.parametrize("role", list(Role))
    async def test_every_officer_may_ask(self, make_server, client, role):
        server = make_server(sessions=Sessions(role))
        token = await server.got(client)

        assert "sc" == (await server.post(INTROSPECT, {"token": token}, BY_SESSION)).json["client_id"]

    async def test_nobody_in_particular_may_not(self, server, make_server, client):
        token = await server.got(client)
        attended = make_server(sessions=Sessions(Role.AUDITOR))

        assert "invalid_client" == error_of(await server.post(INTROSPECT, {"token": token}))
        assert "invalid_client" == error_of(await attended.post(INTROSPECT, {"token": token}))
        assert "invalid_client" == error_of(await server.post(INTROSPECT, {"token": token}, BY_SESSION))

    async def test_the_token_itself_is_no_way_in(self, server, client):
        token = await server.got(client)

        assert "invalid_client" == error_of(
            await server.post(INTROSPECT, {"token": token}, ("authorization", f"Bearer {token}"))
        )

    async def test_an_assertion_is_used_up_here_too(self, server, client):
        form = asking(client, await server.got(client))
        first, second = [await server.post(INTROSPECT, form) for _ in range(2)]

        assert (200, "invalid_client") == (first.status, error_of(second))

    @pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
    async def test_a_token_must_be_named(self, server, client, path):
        assert "invalid_request" == error_of(await server.post(path, client.form(NOW, grant_type=...)))


class TestRevocation:
    async def test_a_revoked_token_is_refused_on_the_next_request_on_every_worker(
        self, server, make_server, client, store_url
    ):
        engine = open_engine(store_url)
        other = make_server(engine=engine)
        token = await server.got(client)
        before = await other.identify(client, token)
        revoked = await server.post(REVOKE, asking(client, token))
        with pytest.raises(UnauthenticatedError, match="taken back"):
            await other.identity.confirm(before.caller)
        with pytest.raises(UnauthenticatedError, match="taken back"):
            await other.identify(client, token)
        await engine.dispose()

        assert (200, {}) == (revoked.status, revoked.json)
        assert {"active": False} == (await server.post(INTROSPECT, asking(client, token))).json

    async def test_other_tokens_of_the_partner_stay(self, server, client):
        revoked, kept = await server.got(client), await server.got(client)
        await server.post(REVOKE, asking(client, revoked))

        assert "sc" == (await server.identify(client, kept)).caller.partner

    async def test_twice_is_no_error(self, server, client):
        token = await server.got(client)

        assert [200, 200] == [(await server.post(REVOKE, asking(client, token))).status for _ in range(2)]

    async def test_nonsense_is_no_error(self, server, client):
        """RFC 7009, 2.2: what is no token any more is what was wanted."""
        assert 200 == (await server.post(REVOKE, asking(client, "a.b.c"))).status

    async def test_another_clients_token_is_not_its_to_take(self, server, store, client):
        other = await enrolled(store, OAuthClient(GROUP.id, issuer=ISSUER))
        token = await server.got(client)

        assert "invalid_grant" == error_of(await server.post(REVOKE, asking(other, token)))
        assert (await server.post(INTROSPECT, asking(client, token))).json["active"]

    @pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.SECURITY_OFFICER])
    async def test_officers_whose_duty_it_is(self, make_server, client, role):
        server = make_server(sessions=Sessions(role))
        token = await server.got(client)

        assert 200 == (await server.post(REVOKE, {"token": token}, BY_SESSION)).status
        with pytest.raises(UnauthenticatedError):
            await server.identify(client, token)

    async def test_the_auditor_takes_nothing(self, make_server, client):
        server = make_server(sessions=Sessions(Role.AUDITOR))
        token = await server.got(client)
        answer = await server.post(REVOKE, {"token": token}, BY_SESSION)

        assert (403, "insufficient_scope") == (answer.status, error_of(answer))
        assert (await server.post(INTROSPECT, asking(client, token))).json["active"]

    @pytest.mark.parametrize(
        ("error", "status"),
        [(no_session(), 401), (ForbiddenError("officer.origin", "The request comes from another site"), 403)],
    )
    async def test_a_session_that_is_not_live_or_comes_from_elsewhere(self, make_server, client, error, status):
        server = make_server(sessions=Sessions(Role.ADMINISTRATOR, error))
        answer = await server.post(REVOKE, {"token": await server.got(client)}, BY_SESSION)

        assert status == answer.status
        assert error_of(answer)


class TestWhatEndsTokens:
    async def test_of_a_suspended_partner(self, server, store, client):
        token = await server.got(client)
        await server.identify(client, token)
        await Partners(store).set_state(client.id, PartnerState.SUSPENDED)

        assert "invalid_client" == error_of(await server.token(client))
        assert {"active": False} == (
            await with_session(server, store).post(INTROSPECT, {"token": token}, BY_SESSION)
        ).json

    async def test_all_of_a_partner_at_once(self, server, store, client):
        token = await server.got(client)
        later(server, 1)
        async with writing(store) as writer:
            await refuse_tokens_before(writer, client.id, server.now)
        fresh = await server.got(client)
        told = [
            (await server.post(INTROSPECT, {**client.form(server.now, grant_type=...), "token": each})).json["active"]
            for each in (token, fresh)
        ]

        assert [False, True] == told


def with_session(server, store):
    """The same worker, with an officer's session."""
    return Server(
        engine=store, ring=server.ring, clock=server.clock, written=server.written, settings=server.settings,
        sessions=Sessions(Role.AUDITOR),
    )  # fmt: skip


class TestMetadata:
    async def test_of_the_server(self, server):
        told = (await call(server.app, "GET", "/.well-known/oauth-authorization-server")).json

        assert (ISSUER, f"{ISSUER}/oauth/token", f"{ISSUER}/jwks.json") == (
            told["issuer"], told["token_endpoint"], told["jwks_uri"],
        )  # fmt: skip
        assert ["client_credentials"] == told["grant_types_supported"]
        assert ["private_key_jwt"] == told["token_endpoint_auth_methods_supported"]
        assert SIGNING_ALGORITHMS.split() == told["dpop_signing_alg_values_supported"]
        assert not told["tls_client_certificate_bound_access_tokens"]

    async def test_of_the_resource(self, server, make_server):
        paths = ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/graphql"]
        told = [(await call(server.app, "GET", path)).json for path in paths]
        proxied = make_server(trusted_proxies="10.0.0.0/8")

        assert told[0] == told[1]
        assert (GRAPHQL, [ISSUER], True) == (
            told[0]["resource"], told[0]["authorization_servers"], told[0]["dpop_bound_access_tokens_required"],
        )  # fmt: skip
        assert (await call(proxied.app, "GET", paths[0])).json["tls_client_certificate_bound_access_tokens"]

    async def test_of_an_issuer_with_a_path(self, store, ring, make_server):
        """RFC 8414, 3.1: the path of the issuer comes after the well-known one."""
        server = make_server()
        server.settings = server.settings.model_copy(update={"issuer": f"{ISSUER}/hub"})
        server.__post_init__()
        told = (await call(server.app, "GET", "/.well-known/oauth-authorization-server/hub")).json

        assert (f"{ISSUER}/hub", f"{ISSUER}/hub/oauth/token") == (told["issuer"], told["token_endpoint"])
