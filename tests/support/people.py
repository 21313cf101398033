"""Askers for tests: standings and callers as the policy knows them."""

from typing import Any

from hub.identity.actors import defaults_of
from hub.identity.caller import Caller, the_public
from schema.catalogue.model import Category
from schema.policy.model import ActorKind, Consent, Grant, Standing
from schema.tiers import Tier

GROUP = "91510100MA6JJ00000"
TENDER = (("lot", "2"), ("stage", "S5"), ("tender", "T-1"))


def standing(
    actor: ActorKind = ActorKind.PU,
    *,
    purpose: str = "PUBLIC_LOOKUP",
    context: tuple[tuple[str, str], ...] = (),
    organisation: str | None = None,
    ceiling: Tier | None = None,
    regions: frozenset[str] = frozenset(),
    consents: tuple[Consent, ...] = (),
    grants: tuple[Grant, ...] = (),
) -> Standing:
    """A standing of *actor* for *purpose*, with the usual ceiling of its kind."""
    usual = defaults_of(actor)
    return Standing(
        actor=actor,
        organisation=organisation,
        ceiling=ceiling or (usual.ceiling if usual else Tier.P),
        regions=regions,
        sectors=frozenset(),
        purposes=frozenset({purpose, "PUBLIC_LOOKUP"}),
        purpose=purpose,
        context=context,
        consents=consents,
        grants=grants,
        policy_version=1,
    )


def grant(category: Category, **more: Any) -> Grant:
    """A grant for *category* up to R, to PROCUREMENT_CHECK, for ever, unless *more* says otherwise."""
    usual = {"id": "g-1", "purpose": "PROCUREMENT_CHECK", "tier": Tier.R, "valid_from": "2026-01-01T00:00:00.000000Z"}
    return Grant(**{**usual, "category": category, "valid_to": "2099-01-01T00:00:00.000000Z", **more})


def caller(
    actor: ActorKind,
    *,
    partner: str,
    organisation: str | None = None,
    regions: frozenset[str] = frozenset(),
    purposes: frozenset[str] = frozenset(),
) -> Caller:
    """An identified caller of *actor*."""
    if actor is ActorKind.PU:
        return the_public()
    usual = defaults_of(actor)
    return Caller(
        partner=partner,
        actor=actor,
        organisation=organisation,
        ceiling=usual.ceiling if usual else Tier.P,
        regions=regions,
        sectors=frozenset(),
        purposes=purposes,
    )
