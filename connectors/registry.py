"""
Which connectors exist, and how a described site is opened.

Rules:
    - Connectors are entry points of the group `credit_exchange_hub.connectors`; a name opens only if the settings
      allow it, so that installing a package never adds a source by itself.
    - A broken entry point is an operator's matter with the connector's name, never an import error on the road.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from connectors.errors import OperatorNeeded, SourceError
from connectors.port import Connector
from connectors.secrets import Secrets
from connectors.site import SiteConfig

GROUP = "credit_exchange_hub.connectors"
BUILT_IN = frozenset({"service", "national", "provincial-files", "provincial-database", "group"})
"""Names this distribution brings; the usual allow list."""

Now = Callable[[], datetime]


class Factory(Protocol):
    """What an entry point names: usually the connector's class."""

    def __call__(self, config: SiteConfig, secrets: Secrets, now: Now) -> Connector:
        """Open the site without touching the network. Raises `SourceError`."""


def names(points: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """Names of the installed connectors, sorted."""
    return tuple(sorted(point.name for point in _installed(points)))


def open_site(
    config: SiteConfig,
    secrets: Secrets,
    *,
    now: Now,
    allowed: frozenset[str] = BUILT_IN,
    points: Iterable[EntryPoint] | None = None,
) -> Connector:
    """
    Open the site that *config* describes.

    Args:
        config: The site.
        secrets: Resolves its references.
        now: The clock, aware UTC.
        allowed: Connector names that the settings allow.
        points: Entry points; None reads the installed ones.

    Raises:
        OperatorNeeded: `CONNECTOR_NOT_ALLOWED`, `CONNECTOR_UNKNOWN`, `CONNECTOR_AMBIGUOUS`, `CONNECTOR_BROKEN`,
            or what the connector itself lacks (a secret, an address).
        SourceError: as the connector's constructor raises.
    """
    name = config.connector
    if name not in allowed:
        raise OperatorNeeded(config.id, "CONNECTOR_NOT_ALLOWED", f"{name} is not in the allow list")
    found = [point for point in _installed(points) if point.name == name]
    if not found:
        raise OperatorNeeded(config.id, "CONNECTOR_UNKNOWN", f"{name}; installed: {', '.join(names(points)) or 'none'}")
    if len({point.value for point in found}) > 1:
        raise OperatorNeeded(config.id, "CONNECTOR_AMBIGUOUS", f"{name} is offered by several distributions")
    try:
        factory: Factory = found[0].load()
        return factory(config, secrets, now)
    except SourceError:
        raise
    except Exception as error:
        raise OperatorNeeded(config.id, "CONNECTOR_BROKEN", f"{name}: {type(error).__name__}") from error


def _installed(points: Iterable[EntryPoint] | None) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP) if points is None else points)
