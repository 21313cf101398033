"""
What each kind of asker is unless its entry says otherwise.

Rules:
    - The ceiling is the strictest tier an asker reaches through its audience. What it supplied, decided or is the
      subject of, and what a subject consented to, goes by other routes that a ceiling does not bound (DOMAIN 13.1).
    - OP and AU see no business content: their ceiling is P.
    - PU is the public; no partner is it.

Source: DOMAIN 13.2, 13.4. These are defaults for a new entry, kept with the entry from then on.
"""

from dataclasses import dataclass

from schema.policy.model import ActorKind
from schema.tiers import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorDefaults:
    """
    Defaults for one kind.

    Attributes:
        ceiling: Tier ceiling; an entry may be stricter, never looser.
        purposes: Purposes a new entry gets when none is named.
        whole_country: Its region is the whole country.
        needs_region: An entry must name at least one region.
        needs_organisation: An entry must name the asker's own credit code.
    """

    ceiling: Tier
    purposes: tuple[str, ...]
    whole_country: bool = False
    needs_region: bool = False
    needs_organisation: bool = True


_STATE_WORK = (
    "ADMIN_APPROVAL", "SUPERVISION", "FISCAL_FUND", "HONOUR_AWARD", "PREFERENCE", "RISK_WARNING", "PUBLICITY",
    "REPAIR", "OBJECTION", "STATISTICS",
)  # fmt: skip


def defaults_of(actor: ActorKind) -> ActorDefaults | None:
    """The defaults of *actor*; None for the public, which has no entry."""
    return {
        ActorKind.NEA: ActorDefaults(ceiling=Tier.G, purposes=(*_STATE_WORK, "DATA_QUALITY"), whole_country=True),
        ActorKind.BR: ActorDefaults(ceiling=Tier.G, purposes=_STATE_WORK, needs_region=True),
        ActorKind.LD: ActorDefaults(ceiling=Tier.G, purposes=_STATE_WORK, needs_region=True),
        ActorKind.OD: ActorDefaults(ceiling=Tier.G, purposes=("ADMIN_APPROVAL",), needs_region=True),
        ActorKind.CP: ActorDefaults(
            ceiling=Tier.G, purposes=("PUBLICITY", "REPAIR", "OBJECTION", "DATA_QUALITY"), needs_region=True
        ),
        ActorKind.AS: ActorDefaults(ceiling=Tier.I, purposes=("RATING", "STATISTICS")),
        ActorKind.GC: ActorDefaults(ceiling=Tier.I, purposes=("PROCUREMENT_CHECK", "CONTRACT_MONITOR", "RISK_WARNING")),
        ActorKind.PC: ActorDefaults(ceiling=Tier.I, purposes=("RISK_WARNING", "MARKET_TRADE", "DATA_QUALITY")),
        ActorKind.CA: ActorDefaults(ceiling=Tier.P, purposes=("RATING",)),
        ActorKind.FI: ActorDefaults(ceiling=Tier.P, purposes=("FINANCING", "RISK_WARNING")),
        ActorKind.SU: ActorDefaults(ceiling=Tier.P, purposes=("SELF_QUERY", "REPAIR", "OBJECTION")),
        ActorKind.OP: ActorDefaults(ceiling=Tier.P, purposes=("DATA_QUALITY",), needs_organisation=False),
        ActorKind.AU: ActorDefaults(ceiling=Tier.P, purposes=("AUDIT",), needs_organisation=False),
    }.get(actor)
