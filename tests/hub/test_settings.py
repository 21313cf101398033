"""Settings: defaults that work, and what production refuses."""

import pytest

from hub.errors import SettingsError
from hub.settings import Settings, load_settings, settings_table

PRODUCTION = {
    "HUB_ENV": "production",
    "HUB_DATABASE_URL": "postgresql://hub:hunter2@db/hub",
    "HUB_KEYS": "file:///srv/hub/keys",
    "HUB_SEALING_KEYS": "pkcs11:token=hub?module-path=/usr/lib/hsm.so&pin-source=file:/run/secrets/pin",
    "HUB_LOG_ORIGIN": "hub.example/log",
    "HUB_ISSUER": "https://hub.example",
}


@pytest.fixture
def environment(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)

    def fill(values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return fill


class TestLoadSettings:
    def test_a_laptop_needs_none(self, environment):
        settings = load_settings()

        assert not settings.in_production
        assert ("127.0.0.1", 8000) == (settings.host, settings.port)
        assert "http://127.0.0.1:8000/graphql" == settings.audience

    def test_production(self, environment):
        environment(PRODUCTION)

        assert load_settings().in_production

    @pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "HUB_ENV"])
    def test_production_has_no_default_for_its_name_and_memory(self, environment, name):
        environment({each: value for each, value in PRODUCTION.items() if each != name})

        with pytest.raises(SettingsError, match=name):
            load_settings()

    @pytest.mark.parametrize("name", [name for name in Settings.model_fields if name.startswith("unsafe_")])
    def test_production_refuses_everything_unsafe(self, environment, name):
        environment({**PRODUCTION, f"HUB_{name.upper()}": "true"})

        with pytest.raises(SettingsError, match=f"HUB_{name.upper()}"):
            load_settings()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("HUB_PORT", "65536"),
            ("HUB_PORT", "http"),
            ("HUB_ENV", "prod"),
            ("HUB_ISSUER", "hub.example"),
            ("HUB_ISSUER", "https://hub.example/"),
            ("HUB_ISSUER", "https://hub.example?x=1"),
            ("HUB_ISSUER", "http://hub.example"),
            ("HUB_KEYS", "/srv/keys"),
            ("HUB_TOKEN_LIFETIME_S", "3601"),
            ("HUB_TOKEN_LIFETIME_S", "0"),
            ("HUB_CLOCK_SKEW_S", "600"),
            ("HUB_DEADLINE_S", "0"),
            ("HUB_BODY_MAX_BYTES", "-1"),
            ("HUB_LOG_LEVEL", "verbose"),
        ],
    )
    def test_wrong_value_names_the_variable(self, environment, name, value):
        environment({name: value})

        with pytest.raises(SettingsError, match=name):
            load_settings()

    def test_all_faults_are_told_at_once_and_no_value_is_repeated(self, environment):
        environment({**PRODUCTION, "HUB_PORT": "hunter2", "HUB_LOG_LEVEL": "hunter2"})

        with pytest.raises(SettingsError) as caught:
            load_settings()
        assert {"HUB_PORT", "HUB_LOG_LEVEL"} == {line.partition(":")[0] for line in str(caught.value).splitlines()}
        assert "hunter2" not in str(caught.value)

    def test_password_is_not_printed_with_the_settings(self, environment):
        environment(PRODUCTION)

        assert "hunter2" not in repr(load_settings())

    def test_day_long_tokens_are_possible_only_under_their_unsafe_name(self, environment):
        environment({"HUB_TOKEN_LIFETIME_S": "86400", "HUB_UNSAFE_LONG_TOKENS": "true"})

        assert 86400 == load_settings().token_lifetime_s

    def test_settings_do_not_change(self, environment):
        with pytest.raises(ValueError, match="frozen"):
            load_settings().port = 1


class TestSettingsTable:
    def test_every_setting_says_what_it_means(self):
        assert all(name.startswith("HUB_") and meaning.endswith(".") for name, _, meaning in settings_table())

    def test_unsafe_ones_say_so_first(self):
        assert all(
            meaning.startswith("UNSAFE.") for name, _, meaning in settings_table() if name.startswith("HUB_UNSAFE_")
        )

    def test_defaults_read_as_one_would_set_them(self, environment):
        """What the page shows may be put into the environment as it stands, and changes nothing."""
        shown = {name: default for name, default, _ in settings_table() if default}
        untouched = load_settings()
        environment(shown)

        assert "{}" == shown["HUB_COST_RECORDS"]
        assert untouched == load_settings()
