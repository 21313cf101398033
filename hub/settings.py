"""
Every setting of the hub, read from the environment once, at start (`HUB_…`).

Rules:
    - What works on a laptop without any setting is the default; production takes no default for what identifies the
      hub or holds its data.
    - What weakens safety has `unsafe` in its name, is off, and is refused in production.
    - A setting is a value, never a secret: keys stand behind a URI, a database password in the URL is never printed.
      An officer's own session is the one secret, which the command line takes and never prints.

Source: the table in docs/settings.md is made from this class.
"""

import json
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import SettingsError
from hub.identity.certificates import networks_of
from schema.plan.cost import BYTES_MAX, ROWS_MAX


class Environment(StrEnum):
    """Where the hub runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


# What a production hub must say itself: these are its name and its memory.
_NO_DEFAULT_IN_PRODUCTION = ("database_url", "keys", "sealing_keys", "log_origin", "issuer")


class Settings(BaseSettings):
    """The settings. Unknown `HUB_…` variables are ignored: other programs may use the prefix."""

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="forbid", env_ignore_empty=True)

    env: Environment = Field(
        default=Environment.DEVELOPMENT, description="`production` refuses unsafe settings and missing ones."
    )
    database_url: str = Field(
        default="sqlite:///./var/hub.db",
        description="The store: `sqlite:///PATH` or `postgresql://user:password@host/name`.",
        repr=False,
    )
    keys: str = Field(
        default="file:./var/keys",
        description="Where the signing keys are: a `file:` URI of a directory only the hub can read.",
    )
    sealing_keys: str | None = Field(
        default=None,
        description=(
            "Where the keys are that seal fields of tier A and R: a `file:`, `env:` or `pkcs11:` URI, `{tier}` stands "
            "for the tier; several, between spaces, while keys move: the first makes new ones. None: in `HUB_KEYS`."
        ),
    )
    log_origin: str = Field(
        default="localhost/credit-exchange-hub/log",
        description="Origin line of the audit log's checkpoints (C2SP tlog-checkpoint): a schema-less URL you own.",
    )
    sites: Path | None = Field(
        default=None, description="Directory of `*.toml`, one per source the hub collects from. None: no source."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    issuer: str = Field(
        default="http://127.0.0.1:8000",
        description="The hub's own URL, without a trailing slash: `iss` of its tokens, base of its metadata.",
    )
    resource: str | None = Field(
        default=None, description="Resource identifier: `aud` of its tokens (RFC 9068). None: the issuer + `/graphql`."
    )
    token_lifetime_s: int = Field(
        default=300, ge=10, description="Lifetime of a new access token; a token that claims more is refused."
    )
    clock_skew_s: int = Field(
        default=30, ge=0, le=120, description="How far a token's `iat` or `nbf` may lie ahead of our clock."
    )
    token_cache_size: int = Field(default=10_000, ge=0, description="Verified tokens remembered until they expire.")
    trusted_proxies: str = Field(
        default="",
        description=(
            "Addresses or CIDR ranges, by commas, of proxies that end mutual TLS and pass the client's certificate on. "
            "From anybody else that header is refused."
        ),
    )
    client_certificate_header: str = Field(
        default="Client-Cert",
        pattern="^[A-Za-z0-9-]{1,64}$",
        description="Header in which they do: as in RFC 9440, as a URL-encoded PEM (nginx), or with Envoy's `Cert=`.",
    )
    body_max_bytes: int = Field(default=262_144, ge=1024, description="Largest request body; more is refused with 413.")
    url_max_bytes: int = Field(default=16_384, ge=1024, description="Longest query string of a GET.")
    body_deadline_s: float = Field(default=10.0, gt=0, description="How long a client may take to send its body.")
    deadline_s: float = Field(default=30.0, gt=0, description="How long a question may take, sources included.")
    stroke_s: float = Field(
        default=0.01,
        gt=0,
        le=1,
        description=(
            "An answer that did not find a subject, and every search, leaves at a multiple of this after it was begun: "
            "its time must not tell of what the asker may not know of."
        ),
    )
    source_deadline_s: float = Field(
        default=3.0, gt=0, description="How long a live source may take; then its part is absent and it is named."
    )
    sdl_profile: str = Field(
        default="plain",
        pattern="^(plain|secured)$",
        description="SDL at `_service`: `plain`, or `secured` with @authenticated and @policy.",
    )
    shutdown_s: float = Field(
        default=15.0, gt=0, description="How long questions under way may take to end after SIGTERM."
    )
    keep_alive_s: int = Field(default=75, ge=1, description="How long an idle connection is kept.")
    connections_max: int = Field(default=2_000, ge=1, description="Connections at once; more get 503 from the server.")
    persisted_max: int = Field(default=1_000, ge=0, description="Automatically persisted queries kept per process.")
    cost_rows_max: int = Field(
        default=ROWS_MAX,
        ge=1,
        description="Objects an answer may be predicted to hold; a partner's own limit may be lower.",
    )
    cost_bytes_max: int = Field(default=BYTES_MAX, ge=1, description="Bytes of `data`, likewise.")
    cost_records: dict[str, float] = Field(
        default_factory=dict,
        description=(
            "What is usually on file, for predictions: JSON, kind to mean number of records of a subject; "
            "`hub plan profile` prints it for a store. Kinds left out are taken as in the sandbox's world."
        ),
    )
    partner_requests_per_minute: int = Field(
        default=6_000,
        ge=0,
        description="Requests of a partner in a minute, unless its entry says otherwise; 0: any number.",
    )
    partner_subjects_per_day: int = Field(
        default=100_000,
        ge=0,
        description="Subjects a partner names in a day, unless its entry says otherwise; 0: any number.",
    )
    public_requests_per_minute: int = Field(
        default=120,
        ge=0,
        description="Requests without a token from one address (IPv6: /64) in a minute, per worker; 0: any number.",
    )
    client_address_header: str = Field(
        default="X-Forwarded-For",
        pattern="^[A-Za-z0-9-]{1,64}$",
        description="Header in which the trusted proxies append the address they were asked from.",
    )
    replay_days: int = Field(
        default=30,
        ge=0,
        le=366,
        description="Days for which questions are kept, so that a change of policy can be tried on them; 0 keeps none.",
    )
    plans_max: int = Field(default=1_000, ge=1, description="Parsed documents, and plans, kept per process.")
    dossier_cache_records: int = Field(
        default=100_000,
        ge=0,
        description="Records of dossiers kept in memory per process, about 4 kB each; 0 keeps none.",
    )
    document_max_bytes: int = Field(default=65_536, ge=256, description="Largest document kept as a persisted query.")
    officer_origin: str | None = Field(
        default=None,
        description=(
            "Web origin at which officers' browsers reach the hub, `https://host[:port]`. None: the issuer's, with "
            "`localhost` for 127.0.0.1 (WebAuthn binds to names, not addresses)."
        ),
    )
    officer_embedded: bool = Field(
        default=True, description="Let officers in by the hub's own means: WebAuthn, and TOTP as fallback."
    )
    officer_oidc_issuer: str | None = Field(
        default=None, description="Issuer of an outside OpenID provider that lets officers in too. None: there is none."
    )
    officer_oidc_client_id: str | None = Field(default=None, description="What that provider knows this hub by.")
    officer_oidc_client_secret: str | None = Field(
        default=None, description="Where the client's secret is: `env:NAME` or `file:PATH`.", repr=False
    )
    officer_oidc_client_key: str | None = Field(
        default=None, description="Instead: where its private JWK is, for `private_key_jwt`.", repr=False
    )
    officer_oidc_claim: str = Field(
        default="sub", min_length=1, description="Claim of the ID token that names the officer's `person`."
    )
    officer_oidc_acr: str | None = Field(
        default=None, description="`acr` that the ID token must carry, as the provider spells strong sign-in."
    )
    officer_session: SecretStr | None = Field(
        default=None, description="Command line: secret of one's own officer session, instead of the file.", repr=False
    )
    officer_session_file: Path | None = Field(
        default=None,
        description="Command line: where it is kept, mode 0600. None: `credit-exchange-hub` under XDG_STATE_HOME.",
    )
    graphiql: bool = Field(default=True, description="Serve the bundled GraphiQL at `/graphiql`.")
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error."
    )
    unsafe_long_tokens: bool = Field(
        default=False, description="UNSAFE. Allow `token_lifetime_s` above an hour. A stolen token then works all day."
    )
    unsafe_bearer_tokens: bool = Field(
        default=False,
        description=(
            "UNSAFE. Give and take tokens that are bound to no key, also by `hub partner token`. A stolen one then "
            "works for whoever has it."
        ),
    )
    unsafe_local_key_urls: bool = Field(
        default=False,
        description="UNSAFE. Read partners' keys from `http:` URLs of this machine too, for tests.",
    )
    unsafe_plain_issuer: bool = Field(
        default=False,
        description="UNSAFE. Allow an `http:` issuer that is not this machine. Tokens then travel in the open.",
    )

    @property
    def in_production(self) -> bool:
        """Whether this is production."""
        return self.env is Environment.PRODUCTION

    @property
    def officers_at(self) -> str:
        """The web origin at which officers' browsers reach the hub."""
        return self.officer_origin or _origin_of(self.issuer)

    @property
    def audience(self) -> str:
        """The `aud` that tokens for this hub carry."""
        return self.resource or f"{self.issuer}/graphql"

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = [
            *_faults_always(self),
            *_faults_of_officers(self),
            *(_faults_in_production(self) if self.in_production else ()),
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self


_HOUR_S = 3600
_PORTS = {"http": 80, "https": 443}
_SEALING_SCHEMES = frozenset({"file", "env", "pkcs11"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _faults_always(settings: Settings) -> list[str]:
    faults = []
    issuer = urlsplit(settings.issuer)
    if issuer.scheme not in {"http", "https"} or not issuer.hostname:
        faults.append("HUB_ISSUER: expected an http(s) URL")
    if settings.issuer.endswith("/") or issuer.query or issuer.fragment:
        faults.append("HUB_ISSUER: expected no trailing slash, query or fragment")
    on_this_machine = issuer.hostname in _LOOPBACK
    if issuer.scheme == "http" and not on_this_machine and not settings.unsafe_plain_issuer:
        faults.append("HUB_ISSUER: expected https (HUB_UNSAFE_PLAIN_ISSUER=true allows http)")
    if settings.token_lifetime_s > _HOUR_S and not settings.unsafe_long_tokens:
        faults.append("HUB_TOKEN_LIFETIME_S: more than 3600 (HUB_UNSAFE_LONG_TOKENS=true allows it)")
    if any(uri.partition(":")[0] not in _SEALING_SCHEMES for uri in (settings.sealing_keys or "file:").split()):
        faults.append("HUB_SEALING_KEYS: expected file:, env: or pkcs11: URIs")
    if "pin-value" in (settings.sealing_keys or ""):
        faults.append("HUB_SEALING_KEYS: a PIN does not belong into a URI (pin-source=file:… or env:NAME)")
    try:
        networks_of(settings.trusted_proxies)
    except ValueError:
        faults.append("HUB_TRUSTED_PROXIES: expected addresses or CIDR ranges, by commas")
    if not settings.keys.startswith("file:"):
        faults.append("HUB_KEYS: expected a file: URI")
    return faults


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    host = "localhost" if parts.hostname in _LOOPBACK else parts.hostname or ""
    port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _faults_of_officers(settings: Settings) -> list[str]:
    faults = []
    origin, issuer = settings.officer_origin, settings.officer_oidc_issuer
    if origin is not None and (_origin_of(origin) != origin or not _is_safe(origin)):
        faults.append("HUB_OFFICER_ORIGIN: expected https://host[:port], in lower case")
    if issuer is not None and (issuer.endswith("/") or not _is_safe(issuer)):
        faults.append("HUB_OFFICER_OIDC_ISSUER: expected an https URL without a trailing slash")
    credentials = [each for each in (settings.officer_oidc_client_secret, settings.officer_oidc_client_key) if each]
    if issuer is not None and (settings.officer_oidc_client_id is None or len(credentials) != 1):
        faults.append("HUB_OFFICER_OIDC_ISSUER: expected a client id, and a client secret or a client key")
    if any(each.partition(":")[0] not in {"env", "file"} for each in credentials):
        faults.append("HUB_OFFICER_OIDC_CLIENT_…: expected env:NAME or file:PATH, never the secret itself")
    if issuer is None and not settings.officer_embedded:
        faults.append("HUB_OFFICER_EMBEDDED: without an outside provider it is the only way in")
    return faults


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def _faults_in_production(settings: Settings) -> list[str]:
    faults = [
        f"HUB_{name.upper()}: must be set in production"
        for name in _NO_DEFAULT_IN_PRODUCTION
        if name not in settings.model_fields_set
    ]
    faults += [
        f"HUB_{name.upper()}: not allowed in production"
        for name in type(settings).model_fields
        if name.startswith("unsafe_") and getattr(settings, name)
    ]
    if urlsplit(settings.officers_at).scheme != "https":
        faults.append("HUB_OFFICER_ORIGIN: expected https in production")
    if urlsplit(settings.issuer).scheme != "https":
        faults.append("HUB_ISSUER: expected https in production")
    return faults


def load_settings() -> Settings:
    """
    Read the settings from the environment.

    Raises:
        SettingsError: with one line per fault, naming the variable; values are not repeated, since a URL may hold a
            password.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            place = ".".join(str(part) for part in fault["loc"])
            lines.append(
                f"HUB_{place.upper()}: {fault['msg']}" if place else fault["msg"].removeprefix("Value error, ")
            )
        raise SettingsError("\n".join(lines)) from None


def settings_table() -> list[tuple[str, str, str]]:
    """(variable, default, description) of every setting, in their order, for docs and `hub settings`."""
    return [
        (f"HUB_{name.upper()}", _spelled(field.get_default(call_default_factory=True)), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _spelled(default: object) -> str:
    """Write *default* as it would stand in the environment: a mapping as JSON."""
    if default is None:
        return ""
    return json.dumps(default) if isinstance(default, dict) else str(getattr(default, "value", default))
