"""
The site descriptions that come with the connectors, and the variables they name when the sandbox stands behind them.

    template("national")          text of connectors/national/site.toml
    sandbox_variables(sites)      what the templates' `env:` references resolve to for `Sandbox.sites`
"""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_PLACES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "national": ("connectors.national", "site.toml"),
        "cn-51-files": ("connectors.provincial", "site-files.toml"),
        "cn-51-db": ("connectors.provincial", "site-database.toml"),
        "jinjiang": ("connectors.group", "site.toml"),
    },
)
SITES: Final = tuple(_PLACES)
"""Identifiers of the described sites."""

_STREAM_OF: Final[Mapping[str, str]] = MappingProxyType({"ListEntry": "LIST_ENTRY"})


def template(site: str) -> str:
    """Text of the description of *site*, one of `SITES`. Raises `KeyError` for another."""
    package, name = _PLACES[site]
    return files(package).joinpath(name).read_text(encoding="utf-8")


def sandbox_variables(sites: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """
    Variables for the templates, from `Sandbox.sites` (docs/sandbox.md, Start).

    Platforms that are missing from *sites* leave their variables out; opening their sites then says which is missing.
    """
    found: dict[str, str] = {}
    if (national := sites.get("national")) is not None:
        found |= {
            "NATIONAL_URL": str(national["base_url"]),
            "NATIONAL_RID": str(national["rid"]),
            "NATIONAL_KEY_SERVICE": str(national["key_service"]),
            "NATIONAL_APP_KEY": str(national["app_key"]),
        }
        services = national["services"]
        for kind, service in services.items() if isinstance(services, Mapping) else ():
            found[f"NATIONAL_SID_{_STREAM_OF.get(kind, kind.upper())}"] = str(service)
    if (files_site := sites.get("cn-51-files")) is not None:
        found |= {
            "CN51_PACKAGES": str(files_site["outbox"]),
            "CN51_ANSWERS": str(files_site["inbox"]),
            "CN51_PUBLIC_KEY": str(files_site["public_key"]),
            "CN51_SOURCE_CODE": str(files_site["source_code"]),
        }
    if (database := sites.get("cn-51-db")) is not None:
        found["CN51_DATABASE_URL"] = str(database["url"])
    if (group := sites.get("jinjiang")) is not None:
        found |= {"JINJIANG_URL": str(group["graphql"]), "JINJIANG_KEY": str(group["key"])}
    return found
