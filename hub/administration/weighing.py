"""
What grants, record labels and entries of the register weigh: pure. Policies: see `schema.policy.weighing`.

Rules:
    - What takes away needs nobody else; what gives needs an approver; what opens tier A or R needs two.
    - When in doubt it gives, and when in doubt about that it opens.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from hub.identity.entry import Partner, PartnerState
from schema.policy.decide import within
from schema.policy.weighing import SECRET, Weight, weigh_tier
from schema.tiers import Tier, is_at_least

_LIMITS = ("rows_max", "bytes_max", "requests_per_minute", "subjects_per_day")


def approvals_needed(weight: Weight) -> int:
    """
    How many must approve besides the drafter.

    One also where something is only taken away: it is one person's right to do that at once, and then it is said so
    (`Changes.submit`, *at_once*).
    """
    return 2 if weight is Weight.OPENS else 1


def weigh_reach(tier: Tier) -> Weight:
    """Weigh a grant that opens labels up to *tier*, the consent route aside."""
    return Weight.OPENS if within(Tier.A, tier) else Weight.GIVES


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """
    A record's label as it is compared.

    Attributes:
        tier: Joined with the record's own.
        regions: Prefixes that a reader's regions must hold.
        valid_to: Instant of its last day; None: until it is lifted.
    """

    tier: Tier = Tier.P
    regions: frozenset[str] = frozenset()
    valid_to: str | None = None


def weigh_mark(before: Marked | None, after: Marked | None) -> Weight:
    """Weigh the step from one label of a record to another; None: it bears none."""
    if before is None:
        return Weight.TAKES
    unmarked = Marked()
    now = after or unmarked
    steps = [_weigh_marks(before, now)]
    if now.valid_to is not None and (before.valid_to is None or now.valid_to < before.valid_to):
        steps.append(_weigh_marks(before, unmarked))
    return max(steps)


def _weigh_marks(before: Marked, after: Marked) -> Weight:
    if not all(_is_held(region, after.regions) for region in before.regions):
        return Weight.OPENS  # out of a compartment the record bore R
    return weigh_tier(before.tier, after.tier)


def _is_held(region: str, regions: Collection[str]) -> bool:
    """Whether whoever holds all of *regions* holds *region*: one of them is a prefix of it, so the wider area."""
    return any(region.startswith(each) for each in regions)


AS_ITSELF = frozenset({"SELF_QUERY", "OBJECTION", "REPAIR"})
"""Purposes under which an organisation reads what is about itself, up to R (column SU of the matrix)."""


def reads_as_itself(entry: Partner) -> bool:
    """Whether whoever holds a key of *entry* reads what is about its organisation, up to R, and may consent for it."""
    return entry.organisation is not None and not AS_ITSELF.isdisjoint(entry.purposes)


def weigh_partner(before: Partner | None, after: Partner) -> Weight:
    """Weigh a new or changed entry of a partner."""
    if before is None:
        return Weight.OPENS if after.ceiling in SECRET or reads_as_itself(after) else Weight.GIVES
    if not is_at_least(after.ceiling, before.ceiling) and after.ceiling in SECRET:
        return Weight.OPENS
    if reads_as_itself(after) and (not reads_as_itself(before) or after.organisation != before.organisation):
        return Weight.OPENS
    return Weight.TAKES if _is_narrower(before, after) else Weight.GIVES


def _is_narrower(before: Partner, after: Partner) -> bool:
    return (
        is_at_least(after.ceiling, before.ceiling)
        and all(any(region.startswith(prefix) for prefix in before.regions) for region in after.regions)
        and (not before.sectors or (bool(after.sectors) and after.sectors <= before.sectors))
        and after.purposes <= before.purposes
        and (before.state is PartnerState.ACTIVE or after.state is PartnerState.SUSPENDED)
        and _begins_no_earlier(before.valid_from, after.valid_from)
        and _ends_no_later(before.valid_to, after.valid_to)
        and all(_is_no_more(getattr(before, name), getattr(after, name)) for name in _LIMITS)
        and after.only_trusted_documents >= before.only_trusted_documents
        and after.jwks_uri in (None, before.jwks_uri)
        and after.organisation == before.organisation
    )


def _begins_no_earlier(before: date | None, after: date | None) -> bool:
    return before is None or (after is not None and after >= before)


def _ends_no_later(before: date | None, after: date | None) -> bool:
    return before is None or (after is not None and after <= before)


def _is_no_more(before: int | None, after: int | None) -> bool:
    return before is None or (after is not None and after <= before)
