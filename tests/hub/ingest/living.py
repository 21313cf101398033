"""Live sources for tests: the group platform's description, opened; a clock the test moves; a log it reads."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from structlog.testing import LogCapture
from structlog.typing import FilteringBoundLogger

from connectors.registry import open_site
from connectors.secrets import ReferredSecrets
from connectors.site import SiteConfig, parse_site
from connectors.templates import template
from hub.ingest.live import LiveSource
from schema.rules.book import RuleBook

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@dataclass
class MovableClock:
    """The hub's and the platforms' clock, moved by the test."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def seconds(self) -> float:
        return self.at.timestamp()

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


def described(*edits: tuple[str, str]) -> SiteConfig:
    """The shipped description, with replacements in its text."""
    text = template("jinjiang")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return parse_site(text, file="jinjiang.toml")


def caching(span: str) -> tuple[str, str]:
    return 'max_age = "5m"', f'max_age = "5m"\nlive_cache = "{span}"'


def parted(codes: int) -> tuple[str, str]:
    return 'timeout = "5s"', f'timeout = "5s"\nlookup_max = {codes}'


def captured(lines: LogCapture) -> FilteringBoundLogger:
    """A log whose lines go to *lines*."""
    return structlog.wrap_logger(structlog.PrintLogger(io.StringIO()), processors=[lines])


def live_source(
    config: SiteConfig, variables: Mapping[str, str], book: RuleBook, clock: MovableClock, lines: LogCapture
) -> LiveSource:
    """The site that *config* describes; *variables* are what its references lead to."""
    connector = open_site(config, ReferredSecrets(environment=variables, folder=Path()), now=clock.now)
    return LiveSource(config=config, connector=connector, book=book, clock=clock, log=captured(lines))
