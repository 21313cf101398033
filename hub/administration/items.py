"""
What a change set can hold: each item is one change that officers can read, compare and sign.

Rules:
    - A set is of policy (policy, labels, grants: drafted and approved by security officers) or of the register
      (partners, keys, officers: drafted by administrators, approved by security officers), never of both.
    - `RestorePolicy` and `AdoptSeed` say what a set starts from: at most one of them, as the first item.
    - Members are codes, never content of records.
"""

from typing import Literal, TypeAlias

import msgspec

from hub.identity.officers.model import Role
from schema.catalogue.model import Category
from schema.policy.edit import (
    ClassifyField,
    DropCell,
    Edit,
    LabelField,
    PolicyItem,
    PutCell,
    PutPurpose,
    SetCategoryTier,
)
from schema.policy.model import ActorKind
from schema.tiers import Tier

__all__ = [
    "AdoptSeed",
    "ClassifyField",
    "DropCell",
    "Edit",
    "GiveGrant",
    "Item",
    "LabelField",
    "LabelRecord",
    "PolicyItem",
    "ProlongGrant",
    "PutCell",
    "PutOfficer",
    "PutPartner",
    "PutPartnerKey",
    "PutPurpose",
    "RestorePolicy",
    "SetCategoryTier",
    "SetPartner",
    "packed",
    "unpacked",
]


class RestorePolicy(PolicyItem, frozen=True, kw_only=True, tag="restore_policy"):
    """Begin from what an older version says instead of the one in force (回退)."""

    version: int


class AdoptSeed(PolicyItem, frozen=True, kw_only=True, tag="adopt_seed"):
    """
    Begin from the policy that ships with this release.

    Attributes:
        digest: Of the seed the drafter saw: another release ships another.
    """

    digest: str


class LabelRecord(PolicyItem, frozen=True, kw_only=True, tag="label_record"):
    """
    Label one record, besides what it bears: it can only become stricter by it. Replaces an earlier label.

    Attributes:
        subject, kind, record_key: Which record.
        tier: Joined with the record's own; None lifts an earlier label.
        regions: GB/T 2260 prefixes that a reader's regions must hold, or it reads the record only as its own.
        valid_to: Last day, ISO, Asia/Shanghai; None: until it is lifted.
    """

    subject: str
    kind: str
    record_key: str
    tier: Tier | None
    regions: tuple[str, ...] = ()
    valid_to: str | None = None


class GiveGrant(PolicyItem, frozen=True, kw_only=True, tag="give_grant"):
    """
    Give a partner a grant. The set's reason is its reason.

    Attributes:
        partner: Its id.
        category, purpose: What it opens, for what.
        coordinates: The fields it opens; empty: every field of the category.
        tier: Strictest label it opens.
        source, subject: Whose rows, about whom; None: of any source, about anybody.
        valid_from, valid_to: Instants, `hub.clock.iso`, the second exclusive; at most 366 days apart.
    """

    partner: str
    category: Category
    purpose: str
    tier: Tier
    valid_from: str
    valid_to: str
    coordinates: frozenset[str] = frozenset()
    source: str | None = None
    subject: str | None = None


class ProlongGrant(PolicyItem, frozen=True, kw_only=True, tag="prolong_grant"):
    """Recertify a grant (复核): it ends at *valid_to* instead, at most 366 days from when that takes effect."""

    id: str
    valid_to: str


class PutPartner(PolicyItem, frozen=True, kw_only=True, tag="put_partner"):
    """Enter a new partner. What is left out comes from its kind; see `hub.identity.partners.NewPartner`."""

    id: str
    name: str
    actor: ActorKind
    organisation: str | None = None
    ceiling: Tier | None = None
    regions: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None
    contact: str | None = None
    jwks_uri: str | None = None
    only_trusted_documents: bool = False
    requests_per_minute: int | None = None
    subjects_per_day: int | None = None
    rows_max: int | None = None
    bytes_max: int | None = None


class SetPartner(PolicyItem, frozen=True, kw_only=True, tag="set_partner", omit_defaults=True):
    """
    Change a partner's entry; what is left out stays. Its id, kind and organisation never change.

    *state* `active` reinstates a suspended partner.
    """

    id: str
    name: str | msgspec.UnsetType = msgspec.UNSET
    ceiling: Tier | msgspec.UnsetType = msgspec.UNSET
    regions: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    sectors: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    purposes: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    valid_from: str | msgspec.UnsetType | None = msgspec.UNSET
    valid_to: str | msgspec.UnsetType | None = msgspec.UNSET
    contact: str | msgspec.UnsetType | None = msgspec.UNSET
    jwks_uri: str | msgspec.UnsetType | None = msgspec.UNSET
    only_trusted_documents: bool | msgspec.UnsetType = msgspec.UNSET
    requests_per_minute: int | msgspec.UnsetType | None = msgspec.UNSET
    subjects_per_day: int | msgspec.UnsetType | None = msgspec.UNSET
    rows_max: int | msgspec.UnsetType | None = msgspec.UNSET
    bytes_max: int | msgspec.UnsetType | None = msgspec.UNSET
    state: Literal["active", "suspended"] | msgspec.UnsetType = msgspec.UNSET


class PutPartnerKey(PolicyItem, frozen=True, kw_only=True, tag="put_partner_key"):
    """
    Enter a partner's public key.

    Attributes:
        partner: Its id.
        jwk: The public JWK, JSON.
        valid_to: Instant from which it is refused; None: without end.
    """

    partner: str
    jwk: str
    valid_to: str | None = None


class PutOfficer(PolicyItem, frozen=True, kw_only=True, tag="put_officer"):
    """
    Admit an officer, who is invited then, or let a suspended one act again.

    Attributes:
        id: Short name.
        name: The person's; None: the officer is there already, and acts again.
        role: For ever; None likewise.
        person: Who it is in the staff register; None: the same as *id*.
    """

    id: str
    name: str | None = None
    role: Role | None = None
    person: str | None = None


Start: TypeAlias = RestorePolicy | AdoptSeed
RegisterItem: TypeAlias = PutPartner | SetPartner | PutPartnerKey | PutOfficer
Item: TypeAlias = Start | Edit | LabelRecord | GiveGrant | ProlongGrant | RegisterItem

_DECODER = msgspec.json.Decoder(tuple[Item, ...])
_ENCODER = msgspec.json.Encoder(order="deterministic")


def packed(items: tuple[Item, ...]) -> str:
    """Write *items* as JSON, the same bytes for the same items."""
    return _ENCODER.encode(items).decode()


def unpacked(text: str | bytes) -> tuple[Item, ...]:
    """
    Read items from JSON.

    Raises:
        msgspec.ValidationError: names the item, what was got and what was expected.
    """
    return _DECODER.decode(text)
