"""Settings of officers: what is refused at start, and where a secret comes from."""

import secrets

import pytest

from hub.administration.journal import Journal
from hub.clock import SystemClock
from hub.errors import SettingsError
from hub.identity.officers.office import Office
from hub.identity.officers.parts import OfficerParts, officer_parts
from hub.identity.officers.routes import officer_routes
from hub.settings import Settings, load_settings
from hub.store.engine import open_engine
from keys.ring import KeyRing

OUTSIDE = {
    "officer_oidc_issuer": "https://id.example.cn",
    "officer_oidc_client_id": "hub",
    "officer_oidc_client_secret": "env:OFFICERS_SECRET",
}


def parts_of(tmp_path, environment, **settings) -> OfficerParts:
    engine = open_engine(f"sqlite:///{tmp_path}/hub.db")
    clock = SystemClock()
    office = Office(
        engine=engine,
        journal=Journal(engine, clock, secrets.token_bytes),
        clock=clock,
        entropy=secrets.token_bytes,
    )
    return officer_parts(Settings(**settings), office, KeyRing.open(f"file:{tmp_path}"), environment)


class TestOrigin:
    @pytest.mark.parametrize(
        ("settings", "origin"),
        [
            ({}, "http://localhost:8000"),
            ({"issuer": "https://hub.example.cn"}, "https://hub.example.cn"),
            ({"issuer": "https://hub.example.cn:443/credit"}, "https://hub.example.cn"),
            ({"issuer": "https://HUB.example.cn:8443"}, "https://hub.example.cn:8443"),
            ({"officer_origin": "https://console.example.cn"}, "https://console.example.cn"),
        ],
    )
    def test_it_is_the_issuers_unless_said_otherwise(self, settings, origin):
        assert origin == Settings(**settings).officers_at


class TestFaults:
    @pytest.mark.parametrize(
        ("environment", "says"),
        [
            ({"HUB_OFFICER_ORIGIN": "https://hub.example.cn/"}, "HUB_OFFICER_ORIGIN"),
            ({"HUB_OFFICER_ORIGIN": "http://hub.example.cn"}, "HUB_OFFICER_ORIGIN"),
            ({"HUB_OFFICER_ORIGIN": "https://Hub.example.cn"}, "HUB_OFFICER_ORIGIN"),
            ({"HUB_OFFICER_OIDC_ISSUER": "https://id.example.cn"}, "client id"),
            ({"HUB_OFFICER_OIDC_ISSUER": "http://id.example.cn"}, "HUB_OFFICER_OIDC_ISSUER"),
            ({"HUB_OFFICER_OIDC_ISSUER": "https://id.example.cn/"}, "HUB_OFFICER_OIDC_ISSUER"),
            ({"HUB_OFFICER_OIDC_CLIENT_SECRET": "hunter2"}, "never the secret itself"),
            ({"HUB_OFFICER_EMBEDDED": "false"}, "HUB_OFFICER_EMBEDDED"),
            ({"HUB_OFFICER_OIDC_CLAIM": ""}, None),
        ],
    )
    def test_a_contradiction_is_told_and_no_secret_repeated(self, monkeypatch, environment, says):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        if says is None:
            assert "sub" == load_settings().officer_oidc_claim
            return
        with pytest.raises(SettingsError) as refusal:
            load_settings()

        assert says in str(refusal.value)
        assert "hunter2" not in str(refusal.value)

    def test_ones_own_session_is_never_printed(self):
        assert "hos_" not in repr(Settings(officer_session="hos_secret"))
        assert "hos_" not in str(Settings(officer_session="hos_secret").model_dump())


class TestParts:
    def test_an_outside_provider_comes_beside_our_own_means(self, tmp_path):
        parts = parts_of(tmp_path, {"OFFICERS_SECRET": "s"}, **OUTSIDE)
        paths = {each.path for each in officer_routes(parts)}

        assert {"/officer/sign-in/outside", "/officer/sign-in/totp", "/officer/sign-in/webauthn/begin"} <= paths

    def test_or_instead_of_them(self, tmp_path):
        parts = parts_of(tmp_path, {"OFFICERS_SECRET": "s"}, officer_embedded=False, **OUTSIDE)
        paths = {each.path for each in officer_routes(parts)}

        assert "/officer/sign-in/outside" in paths
        assert not {path for path in paths if "totp" in path or "webauthn" in path or "enrol" in path}

    def test_without_one_nothing_leads_there(self, tmp_path):
        paths = {each.path for each in officer_routes(parts_of(tmp_path, {}))}

        assert not {path for path in paths if "outside" in path}

    def test_a_secret_that_is_not_there_stops_the_start(self, tmp_path):
        with pytest.raises(SettingsError, match="leads nowhere"):
            parts_of(tmp_path, {}, **OUTSIDE)

    def test_the_secret_is_not_in_what_is_printed_of_the_parts(self, tmp_path):
        parts = parts_of(tmp_path, {"OFFICERS_SECRET": "hunter2"}, **OUTSIDE)

        assert parts.outside is not None
        assert "hunter2" not in repr(parts.outside._config)
