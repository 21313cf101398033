"""Connectors open by name, only if allowed, and a broken one is told by name."""

from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connectors.errors import OperatorNeeded, StopSite
from connectors.registry import BUILT_IN, GROUP, names, open_site
from connectors.secrets import ReferredSecrets
from connectors.site import parse_site
from tests.connectors.test_site import TEXT

SECRETS = ReferredSecrets(environment={"CN5101_SECRET": "s3cret"}, folder=Path("/nowhere"))


def point(value: str, name: str = "service") -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


def opened(*points: EntryPoint, text: str = TEXT, **terms):
    config = parse_site(text, file="f")
    return open_site(config, SECRETS, now=lambda: datetime.now(UTC), points=points or None, **terms)


def breaks(*_parts: object) -> None:
    raise ZeroDivisionError


def stops(*_parts: object) -> None:
    raise StopSite("x", "SRC_MINE")


class TestOpenSite:
    async def test_opens_what_is_installed(self):
        connector = opened()
        assert "cn-5101" == connector.source
        await connector.close()

    def test_what_ships_is_installed_under_its_names(self):
        assert set(names()) >= BUILT_IN

    @pytest.mark.parametrize(
        ("points", "terms", "code"),
        [
            ((), {"allowed": frozenset({"national"})}, "CONNECTOR_NOT_ALLOWED"),
            ((), {"allowed": frozenset()}, "CONNECTOR_NOT_ALLOWED"),
            ((point("a:b", "other"),), {}, "CONNECTOR_UNKNOWN"),
            ((point("a:b"), point("c:d")), {}, "CONNECTOR_AMBIGUOUS"),
            ((point("no_such_module:X"),), {}, "CONNECTOR_BROKEN"),
            ((point("connectors.registry:NoSuchName"),), {}, "CONNECTOR_BROKEN"),
            ((point("connectors.registry:GROUP"),), {}, "CONNECTOR_BROKEN"),
            ((point("tests.connectors.test_registry:breaks"),), {}, "CONNECTOR_BROKEN"),
        ],
    )
    def test_each_failure_needs_an_operator_and_has_its_code(self, points, terms, code: str):
        with pytest.raises(OperatorNeeded) as raised:
            opened(*points, **terms)

        assert ("cn-5101", code) == (raised.value.source, raised.value.code)

    def test_a_connectors_own_refusal_passes(self):
        with pytest.raises(StopSite, match="SRC_MINE"):
            opened(point("tests.connectors.test_registry:stops"))

    @pytest.mark.parametrize("name", ["national", "provincial-files", "provincial-database", "group"])
    def test_a_description_for_another_transport_is_refused(self, name: str):
        with pytest.raises(OperatorNeeded, match="CONNECTOR_TRANSPORT"):
            opened(text=TEXT.replace('connector = "service"', f'connector = "{name}"'))


class TestReferredSecrets:
    def test_reads_the_environment_and_files(self, tmp_path: Path):
        (tmp_path / "key").write_text("abc\n")
        secrets = ReferredSecrets(environment={"A": "1"}, folder=tmp_path)

        assert ("1", "abc") == (secrets.resolve("s", "env:A"), secrets.resolve("s", "file:key"))

    @pytest.mark.parametrize("reference", ["A", "env:B", "env:", "file:none", "file:", "vault:x", "env:A\n", "file:."])
    def test_a_reference_that_leads_nowhere_needs_an_operator(self, tmp_path: Path, reference: str):
        with pytest.raises(OperatorNeeded):
            ReferredSecrets(environment={"A": "1", "C": ""}, folder=tmp_path).resolve("s", reference)
