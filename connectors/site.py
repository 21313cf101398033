"""
A site description (`site.toml`): everything the common case needs, without code.

    spec = "creditlink.site/v1"
    [site]                who it is
    [transport]           how it is reached; secrets by reference, never the secret
    [streams.NAME]        what it has, and how its columns map to the catalogue

Rules:
    - Unknown keys are refused, and so is a literal where a secret's reference belongs.
    - Addresses may be references too, so that one description serves test and production.
    - No error quotes a value.

Source: DESIGN 8; GB/T 39443-2020 for the three exchange ways (file, database, service).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from connectors.secrets import REFERENCE, Secrets
from connectors.stream_config import StreamConfig
from connectors.stream_parse import parse_stream
from connectors.toml_reader import Expected, SiteConfigError, TableReader
from connectors.transport.service import CONNECTIONS

SPEC = "creditlink.site/v1"
_MAX_FILE_BYTES = 1 << 20
_SITE_ID = r"[a-z0-9][a-z0-9-]{0,62}"
_USCC = r"[0-9A-HJ-NP-RTUWXY]{18}"


class TransportKind(StrEnum):
    """The ways of GB/T 39443, and GraphQL."""

    SERVICE = "service"
    FILE = "file"
    DATABASE = "database"
    GRAPHQL = "graphql"


class AuthKind(StrEnum):
    """How the hub shows who it is, or how it knows the sender."""

    NONE = "none"
    BEARER = "bearer"
    BASIC = "basic"
    HEADER = "header"
    EXCHANGE = "exchange"
    ED25519 = "ed25519"


_AUTH_KEYS: Mapping[AuthKind, tuple[tuple[str, ...], tuple[str, ...]]] = {
    AuthKind.NONE: ((), ()),
    AuthKind.BEARER: ((), ("secret",)),
    AuthKind.BASIC: (("user",), ("secret",)),
    AuthKind.HEADER: (("header",), ("secret",)),
    AuthKind.EXCHANGE: (("rid", "key_service"), ("secret",)),
    AuthKind.ED25519: (("public_key", "source_code"), ()),
}
"""Auth kind -> its plain keys (literal or reference) and its secret keys (reference only)."""

_ADDRESSES: Mapping[TransportKind, tuple[str, ...]] = {
    TransportKind.SERVICE: ("base_url",),
    TransportKind.FILE: ("packages", "answers"),
    TransportKind.DATABASE: ("url",),
    TransportKind.GRAPHQL: ("base_url",),
}
_MAX_BYTES: Mapping[TransportKind, int] = {
    TransportKind.SERVICE: 16 << 20,
    TransportKind.FILE: 1 << 30,
    TransportKind.DATABASE: 16 << 20,
    TransportKind.GRAPHQL: 16 << 20,
}


LOOKUP_MAX: Final = 500
"""Codes in one live call, unless the description says otherwise."""
LIVE_CACHE_MAX_S: Final = 3600

NEVER_LIVE: Final = frozenset({"Penalty", "ListEntry"})
"""
Kinds with a publicity period. Who may see such a record follows from fields that may not have been granted; a live
source is asked for granted fields only, so asking for less would make a record look more public than it is.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthConfig:
    """
    How the site and the hub know each other.

    Attributes:
        kind: Which scheme.
        plain: Its values that are no secrets, literal or by reference (`rid`, `public_key`).
        secrets: Its secrets, by reference only.
    """

    kind: AuthKind
    plain: Mapping[str, str]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportConfig:
    """
    How the site is reached.

    Attributes:
        addresses: `base_url` (service, graphql), `packages` and `answers` (file), `url` (database), literal or by
            reference.
        rate_per_s: Calls per second at most, None: no limit of its own.
        timeout_s: Seconds for one call.
        daily: Calls per UTC day at most, None: no budget.
        max_bytes: Largest answer or file taken.
        connections: Connections, and so live calls, at a time.
        lookup_max: Codes in one live call at most; a question for more, and questions that travel together, are
            parted there.
    """

    kind: TransportKind
    addresses: Mapping[str, str]
    auth: AuthConfig
    rate_per_s: float | None
    timeout_s: int
    daily: int | None
    max_bytes: int
    connections: int = CONNECTIONS
    lookup_max: int = LOOKUP_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """
    A site, described.

    Attributes:
        id: Site identifier (`cn-51-files`).
        connector: Entry point name of its connector.
        name_zh, name_en: Its name.
        owner: USCC of the owner, None if unknown; problem data go to it.
        owner_contact: Telephone or mail for people.
        region: GB/T 2260 code, None for the whole country.
        rank: When two sources send one record, the lower rank wins.
        live: Asked per question.
        max_age_s: Older answers are stale.
        live_cache_s: How long an answer of a live site may be given again to the same grant without asking;
            0: it is asked every time.
        file: Name of the description, for messages.
    """

    id: str
    connector: str
    name_zh: str
    name_en: str
    owner: str | None
    owner_contact: str | None
    region: str | None
    rank: int
    live: bool
    max_age_s: int
    transport: TransportConfig
    streams: Mapping[str, StreamConfig]
    file: str
    live_cache_s: int = 0

    def address(self, name: str, secrets: Secrets) -> str:
        """Address *name*, its reference resolved. Raises `OperatorNeeded` when the reference leads nowhere."""
        return self._resolved(self.transport.addresses[name], secrets)

    def plain(self, name: str, secrets: Secrets) -> str:
        """Value *name* of the auth table, its reference resolved."""
        return self._resolved(self.transport.auth.plain[name], secrets)

    def place(self, stream: StreamConfig, secrets: Secrets) -> str:
        """Place of *stream*, its reference resolved; its name where it has none."""
        return self._resolved(stream.place or stream.name, secrets)

    def secret(self, name: str, secrets: Secrets) -> str:
        """Secret *name* of the auth table."""
        return secrets.resolve(self.id, self.transport.auth.secrets[name])

    def _resolved(self, text: str, secrets: Secrets) -> str:
        return secrets.resolve(self.id, text) if REFERENCE.fullmatch(text) else text


def load_site(path: Path) -> SiteConfig:
    """Read the description at *path*. Raises `SiteConfigError`: unreadable, not TOML, or not a site."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE_BYTES + 1)
        if len(text) > _MAX_FILE_BYTES:
            raise SiteConfigError(path.name, "", Expected("小于 1 MB 的文件", "a file below 1 MB"))
        return parse_site(text.decode("utf-8"), file=path.name)
    except OSError:
        raise SiteConfigError(path.name, "", Expected("可读的文件", "a readable file")) from None
    except UnicodeDecodeError:
        raise SiteConfigError(path.name, "", Expected("UTF-8 文本", "UTF-8 text")) from None


def load_sites(folder: Path) -> tuple[SiteConfig, ...]:
    """Read every `*.toml` of *folder*, by name. Raises `SiteConfigError`, also when two describe one site."""
    sites = tuple(load_site(path) for path in sorted(folder.glob("*.toml")))
    seen: dict[str, str] = {}
    for site in sites:
        if site.id in seen:
            first = seen[site.id]
            raise SiteConfigError(
                site.file, "site.id", Expected(f"唯一标识({first} 已用)", f"an id of its own ({first} has it)")
            )
        seen[site.id] = site.file
    return sites


def parse_site(text: str, *, file: str) -> SiteConfig:
    """Read a description. Raises `SiteConfigError` naming *file*, the key path and what was expected."""
    try:
        root = TableReader(tomllib.loads(text), file=file)
    except tomllib.TOMLDecodeError as error:
        # The reason's place is safe to show; its text may quote the document.
        place = str(error).rpartition("(at ")[2].rstrip(")")
        raise SiteConfigError(file, "", Expected(f"TOML({place})", f"TOML (at {place})")) from None
    if root.take("spec") != SPEC:
        raise root.error("spec", f'"{SPEC}"', f'"{SPEC}"')
    site = root.table("site")
    transport = _transport(root.table("transport"))
    streams = root.table("streams")
    found = {
        name: parse_stream(name, streams.table(name))
        for name in streams.keys()  # noqa: SIM118  a reader, not a mapping
    }
    if not found:
        raise root.error("streams", "至少一个流", "at least one stream")
    root.finish()
    return _site(site, transport, found, file)


def _site(table: TableReader, transport: TransportConfig, streams: Mapping[str, StreamConfig], file: str) -> SiteConfig:
    name = table.table("name")
    owner = table.find_table("owner")
    config = SiteConfig(
        id=table.text("id", _SITE_ID, zh="小写字母、数字和连字符", en="lower case letters, digits and hyphens"),
        connector=table.text("connector", _SITE_ID, zh="连接器名称", en="a connector's name"),
        name_zh=name.text("zh"),
        name_en=name.text("en"),
        owner=owner.find_text("org", _USCC, zh="统一社会信用代码", en="a USCC") if owner else None,
        owner_contact=owner.find_text("contact") if owner else None,
        region=table.find_text("region", r"\d{2}|\d{4}|\d{6}", zh="行政区划代码", en="a GB/T 2260 code"),
        rank=table.integer("rank", 100, 0, 10_000),
        live=table.flag("live", default=False),
        max_age_s=table.span_s("max_age", 86400),
        live_cache_s=table.span_s("live_cache", 0),
        transport=transport,
        streams=streams,
        file=file,
    )
    if config.live_cache_s and not config.live:
        raise table.error("live_cache", "仅用于 live = true", "only where live = true")
    if config.live_cache_s > LIVE_CACHE_MAX_S:
        raise table.error("live_cache", "至多 1 小时", "at most 1h")
    timed = sorted({stream.kind for stream in streams.values()} & NEVER_LIVE)
    if config.live and timed:
        kinds = ", ".join(timed)
        raise table.error("live", f"归集而非在线查询: {kinds}", f"false: {kinds} must be collected, see NEVER_LIVE")
    for each in (name, owner, table):
        if each:
            each.finish()
    return config


def _transport(table: TableReader) -> TransportConfig:
    kind = table.choice("kind", TransportKind)
    budget = table.find_table("budget")
    config = TransportConfig(
        kind=kind,
        addresses={name: _address(table, name) for name in _ADDRESSES[kind]},
        auth=_auth(table.find_table("auth")),
        rate_per_s=table.rate_per_s("rate"),
        timeout_s=table.span_s("timeout", 10),
        daily=budget.integer("daily", 0, 0, 10**9) or None if budget else None,
        max_bytes=table.size("max_bytes", _MAX_BYTES[kind]),
        connections=table.integer("connections", CONNECTIONS, 1, 64),
        lookup_max=table.integer("lookup_max", LOOKUP_MAX, 1, 10_000),
    )
    if config.timeout_s < 1:
        raise table.error("timeout", "至少 1 秒", "at least 1s")
    if budget:
        budget.finish()
    table.finish()
    return config


def _address(table: TableReader, name: str) -> str:
    text = table.text(name)
    if REFERENCE.fullmatch(text):
        return text
    if name in {"base_url", "url"}:
        try:
            parts = urlsplit(text)
            has_secret = parts.password is not None or (name == "base_url" and parts.username is not None)
        except ValueError:
            raise table.error(name, "网址", "an address") from None
        if has_secret:
            raise table.error(
                name, '不含口令的网址, 或引用 "env:名称"', 'an address without a password, or a reference "env:NAME"'
            )
        if name == "base_url" and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise table.error(name, "http(s) 网址", "an http(s) address")
        if not parts.scheme:
            raise table.error(name, "数据库网址", "a database address like sqlite:////path")
    return text


def _auth(table: TableReader | None) -> AuthConfig:
    if table is None:
        return AuthConfig(kind=AuthKind.NONE, plain={}, secrets={})
    kind = table.choice("type", AuthKind)
    plain, secret = _AUTH_KEYS[kind]
    form = ('引用 "env:名称" 或 "file:路径", 不得写入秘密', 'a reference "env:NAME" or "file:path", never the secret')
    config = AuthConfig(
        kind=kind,
        plain={name: table.text(name) for name in plain},
        secrets={name: table.text(name, REFERENCE.pattern, zh=form[0], en=form[1]) for name in secret},
    )
    table.finish()
    return config


__all__ = [
    "SPEC",
    "AuthConfig",
    "AuthKind",
    "SiteConfig",
    "SiteConfigError",
    "StreamConfig",
    "TransportConfig",
    "TransportKind",
    "load_site",
    "load_sites",
    "parse_site",
]
