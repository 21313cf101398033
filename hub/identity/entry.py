"""
What stands in the register of partners, and what may: rules without a store.

Rules:
    - An entry may be stricter than its kind's ceiling, never looser.
    - The partner's own credit code must pass both checks of GB 32100: access to one's own records hangs on it.
    - A purpose that the policy in force does not know is refused: it would never be granted, and nobody would see why.
    - Public keys are read from an `https:` URL alone; `http:` is for this machine, and for tests
      (`HUB_UNSAFE_LOCAL_KEY_URLS`).
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from hub.clock import SHANGHAI, from_iso, iso, legal_day
from hub.errors import BadInputError
from hub.identity.actors import ActorDefaults, defaults_of
from hub.identity.caller import PUBLIC_LOOKUP, is_partner_id
from schema.identifiers.uscc import is_uscc
from schema.policy.model import ActorKind
from schema.tiers import Tier, is_at_least

_REGION = re.compile(r"([1-9][0-9]([0-9]{2}){0,2})?")
_PURPOSE = re.compile(r"[A-Z][A-Z_]{2,39}")
_WORD = re.compile(r"[\w-]{1,40}")
_NAME_MAX = 200
_CONTACT_MAX = 200
_URL_MAX = 512
_LIMIT_MAX = 2**31 - 1
_LIMITS = ("rows_max", "bytes_max", "requests_per_minute", "subjects_per_day")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_DAY_S = 86_400.0


class PartnerState(StrEnum):
    """Whether a partner is served."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """
    An entry.

    Attributes:
        id: Short name, `sub` of its tokens and its client id.
        name: Its name in full.
        actor: Kind of asker.
        organisation: Its credit code.
        ceiling, regions, sectors, purposes: See `hub.identity.caller.Caller`.
        state: See `PartnerState`.
        created_at: UTC text.
        valid_from: First day it is served, Asia/Shanghai; None: from its creation on.
        valid_to: Last day it is served, inclusive, Asia/Shanghai; None: without end.
        contact: Whom to call; personal data, shown to officers alone.
        jwks_uri: Where its public keys are read from; None: they are registered by value.
        only_trusted_documents: Whether it may ask registered documents alone.
        rows_max: Rows one question may cost; None: the hub's own limit alone.
        bytes_max: Bytes of one answer; None: the hub's own limit alone.
        requests_per_minute: Requests in a minute; None: the hub's own limit alone.
        subjects_per_day: Different subjects in a day; None: the hub's own limit alone.
        tokens_after: Instant (UTC text); tokens issued before it are refused. None: none are.
    """

    id: str
    name: str
    actor: ActorKind
    organisation: str | None
    ceiling: Tier
    regions: frozenset[str]
    sectors: frozenset[str]
    purposes: frozenset[str]
    state: PartnerState
    created_at: str
    valid_to: date | None
    rows_max: int | None = None
    bytes_max: int | None = None
    contact: str | None = None
    valid_from: date | None = None
    jwks_uri: str | None = None
    only_trusted_documents: bool = False
    requests_per_minute: int | None = None
    subjects_per_day: int | None = None
    tokens_after: str | None = None

    def is_served(self, now: datetime) -> bool:
        """Whether it may ask at *now* (aware)."""
        if self.state is not PartnerState.ACTIVE:
            return False
        if self.valid_from is None and self.valid_to is None:
            return True
        day = legal_day(now)
        return (self.valid_from or day) <= day <= (self.valid_to or day)

    @property
    def tokens_from(self) -> float:
        """Instant before which its tokens must not have been issued, in seconds since 1970; 0: none is set."""
        return 0.0 if self.tokens_after is None else from_iso(self.tokens_after).timestamp()

    @property
    def served_until(self) -> float:
        """First instant at which its validity has ended, in seconds since 1970; infinite without end."""
        if self.valid_to is None:
            return float("inf")
        return datetime.combine(self.valid_to, time(), SHANGHAI).timestamp() + _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartner:
    """What is wished of a partner; what is left out comes from its kind (`hub.identity.actors`)."""

    id: str
    name: str
    actor: ActorKind
    organisation: str | None = None
    ceiling: Tier | None = None
    regions: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    valid_to: date | None = None
    rows_max: int | None = None
    bytes_max: int | None = None
    contact: str | None = None
    valid_from: date | None = None
    jwks_uri: str | None = None
    only_trusted_documents: bool = False
    requests_per_minute: int | None = None
    subjects_per_day: int | None = None


AMENDABLE = frozenset(NewPartner.__slots__) - {"id", "actor"}
"""What `amend` may change: who it is and of which kind stays; another kind is another entry."""


def admit(wish: NewPartner, now: datetime, *, purposes: Container[str] | None = None) -> Partner:
    """
    Check *wish* and complete it to an entry.

    Args:
        wish: What is wanted.
        now: Aware.
        purposes: Codes that the policy in force knows; None: there is no policy yet, so their form alone is checked.

    Raises:
        BadInputError: naming the field; a kind's rule is broken, or a value has the wrong form.
    """
    if wish.valid_to is not None and wish.valid_to < legal_day(now):
        raise _wrong("valid_to", "lies in the past")
    return _admitted(wish, iso(now), purposes)


def amend(
    partner: Partner, changes: Mapping[str, Any], *, now: datetime, purposes: Container[str] | None = None
) -> Partner:
    """
    Change an entry by the same rules as `admit`. State and creation stay as they are.

    Args:
        partner: As it stands.
        changes: Attribute of `AMENDABLE` -> value; purposes, regions and sectors replace what stands.
        now: Aware.
        purposes: As in `admit`; checked if *changes* names purposes.

    Raises:
        BadInputError: as `admit`, or nothing is to be changed, or something that cannot be.
    """
    if not changes or not changes.keys() <= AMENDABLE:
        raise _wrong("changes", "expected one or more of the attributes that may change")
    wish = replace(_wish_of(partner), **changes)
    if changes.get("valid_to") is not None and changes["valid_to"] < legal_day(now):
        raise _wrong("valid_to", "lies in the past")
    changed = _admitted(wish, partner.created_at, purposes if "purposes" in changes else None)
    return replace(changed, state=partner.state, tokens_after=partner.tokens_after)


def _admitted(wish: NewPartner, created_at: str, purposes: Container[str] | None) -> Partner:
    defaults = defaults_of(wish.actor)
    if defaults is None:
        raise _wrong("actor", "the public has no entry")
    _check_who(wish, defaults)
    _check_compartments(wish, defaults)
    ceiling = wish.ceiling or defaults.ceiling
    if not is_at_least(defaults.ceiling, ceiling):
        raise _wrong("ceiling", f"{wish.actor} may reach {defaults.ceiling.value} at most")
    if wish.valid_from is not None and wish.valid_to is not None and wish.valid_to < wish.valid_from:
        raise _wrong("valid_to", "lies before valid_from")
    for limit in _LIMITS:
        check_limit(limit, getattr(wish, limit))
    named = frozenset({PUBLIC_LOOKUP, *(wish.purposes or defaults.purposes)})
    if purposes is not None and wish.purposes:
        check_purposes(named, purposes)
    if wish.jwks_uri is not None:
        check_key_url(wish.jwks_uri)
    return Partner(
        id=wish.id,
        name=wish.name.strip(),
        actor=wish.actor,
        organisation=wish.organisation,
        ceiling=ceiling,
        regions=frozenset(wish.regions or ([""] if defaults.whole_country else [])),
        sectors=frozenset(wish.sectors),
        purposes=named,
        state=PartnerState.ACTIVE,
        created_at=created_at,
        valid_to=wish.valid_to,
        rows_max=wish.rows_max,
        bytes_max=wish.bytes_max,
        contact=wish.contact,
        valid_from=wish.valid_from,
        jwks_uri=wish.jwks_uri,
        only_trusted_documents=wish.only_trusted_documents,
        requests_per_minute=wish.requests_per_minute,
        subjects_per_day=wish.subjects_per_day,
    )


def check_purposes(named: Iterable[str], known: Container[str]) -> None:
    """
    Check that the policy knows every purpose.

    Raises:
        BadInputError: it does not; the text says which.
    """
    unknown = sorted(purpose for purpose in named if purpose not in known)
    if unknown:
        raise _wrong("purposes", f"the policy in force does not know {', '.join(unknown)}")


def check_key_url(url: str) -> None:
    """
    Check the form of a URL of public keys; where it leads is checked whenever it is read.

    Raises:
        BadInputError: it is no such URL.
    """
    expected = "expected an https: URL without user, fragment or spaces"
    if len(url) > _URL_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _wrong("jwks_uri", expected)
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        raise _wrong("jwks_uri", expected) from None
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (parts.scheme == "https" or is_local) or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise _wrong("jwks_uri", expected)


def check_limit(field: str, limit: int | None) -> None:
    """
    Check a limit; None is none.

    Raises:
        BadInputError: it is not a positive number the store can keep.
    """
    if limit is not None and not 0 < limit <= _LIMIT_MAX:
        raise _wrong(field, f"expected 1 to {_LIMIT_MAX}")


def _check_who(wish: NewPartner, defaults: ActorDefaults) -> None:
    if not is_partner_id(wish.id):
        raise _wrong("id", "expected 2-63 characters a-z, 0-9, hyphen")
    if not wish.name.strip() or len(wish.name) > _NAME_MAX:
        raise _wrong("name", f"expected 1-{_NAME_MAX} characters")
    if wish.organisation is None and defaults.needs_organisation:
        raise _wrong("organisation", f"{wish.actor} must name its own credit code")
    if wish.organisation is not None and not is_uscc(wish.organisation):
        raise _wrong("organisation", "not a unified social credit code (GB 32100)")
    contact = wish.contact
    if contact is not None and not (0 < len(contact) <= _CONTACT_MAX and contact.isprintable()):
        raise _wrong("contact", f"expected 1-{_CONTACT_MAX} printable characters")


def _check_compartments(wish: NewPartner, defaults: ActorDefaults) -> None:
    if defaults.needs_region and not wish.regions:
        raise _wrong("regions", f"{wish.actor} must name at least one region")
    _check_each("regions", wish.regions, _REGION, "expected a GB/T 2260 code or prefix: 2, 4 or 6 digits")
    _check_each("sectors", wish.sectors, _WORD, "expected a word")
    _check_each("purposes", wish.purposes, _PURPOSE, "expected a code such as PROCUREMENT_CHECK")


def _wish_of(partner: Partner) -> NewPartner:
    return NewPartner(
        id=partner.id,
        name=partner.name,
        actor=partner.actor,
        organisation=partner.organisation,
        ceiling=partner.ceiling,
        regions=tuple(partner.regions),
        sectors=tuple(partner.sectors),
        purposes=tuple(partner.purposes),
        valid_to=partner.valid_to,
        rows_max=partner.rows_max,
        bytes_max=partner.bytes_max,
        contact=partner.contact,
        valid_from=partner.valid_from,
        jwks_uri=partner.jwks_uri,
        only_trusted_documents=partner.only_trusted_documents,
        requests_per_minute=partner.requests_per_minute,
        subjects_per_day=partner.subjects_per_day,
    )


def _check_each(field: str, values: Iterable[str], form: re.Pattern[str], expected: str) -> None:
    if not all(form.fullmatch(value) for value in values):
        raise _wrong(field, expected)


def _wrong(field: str, why: str) -> BadInputError:
    return BadInputError(f"partner {field}: {why}", place=(field,))
