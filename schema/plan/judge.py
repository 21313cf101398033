"""
Step 7 of the road: what a row is to this asker today (state, compartment, consent, own tier).

The row's class is computed here and nowhere else; what follows from it is decided by `Decider`.
"""

from collections.abc import Iterable
from dataclasses import replace

from schema.catalogue.model import Category
from schema.plan.decider import RowClass
from schema.plan.guarded import SUBJECT_KIND
from schema.policy.model import Fact, Grant, Policy, Standing
from schema.publicity.placement import Placement
from schema.records import RecordLabel, StoredRecord
from schema.tiers import Tier, join


def row_class(
    policy: Policy, standing: Standing, record: StoredRecord, placement: Placement, sector: str | None = None
) -> RowClass:
    """
    Classify *record* for *standing*, by its *placement* on the day of the question and the *sector* of its subject.

    Raises:
        KeyError: the policy knows no tier for the record's category; the caller treats the row as denied.
    """
    facts = _facts(standing, record.subject, (record.owner, record.authority))
    if _is_in_compartment(standing, record.region, sector):
        facts.add(Fact.IN_REGION)
    if record.published:
        facts.add(Fact.PUBLISHED)
    return RowClass(
        kind=record.kind,
        category=placement.category,
        tier=join((policy.tiers[placement.category], placement.tier)),
        facts=frozenset(facts),
        consented=_consented(standing, record.subject),
        granted=_granted(standing, record.subject, record.provenance.source),
    )


def subject_class(policy: Policy, basis: RowClass) -> RowClass:
    """Classify what is told of a subject itself: registration data (C01), as strict as the row *basis* telling it."""
    return RowClass(
        kind=SUBJECT_KIND,
        category=Category.C01,
        tier=join((policy.tiers.get(Category.C01, Tier.R), basis.tier)),
        facts=basis.facts,
        consented=basis.consented,
        granted=basis.granted,
    )


def labelled(placement: Placement, label: RecordLabel, standing: Standing) -> Placement:
    """
    Join what officers laid on a record with its *placement*.

    Out of the label's compartment nobody reads it but as its own (DOMAIN 13.1: compartments within the reader's).
    """
    is_within = all(any(region_lies_within(region, prefix) for prefix in standing.regions) for region in label.regions)
    return replace(placement, tier=join((placement.tier, label.tier, Tier.P if is_within else Tier.R)))


def _facts(standing: Standing, subject: str, owners: Iterable[str | None]) -> set[Fact]:
    facts: set[Fact] = set()
    if standing.organisation is not None:
        if standing.organisation == subject:
            facts.add(Fact.OWN_SUBJECT)
        if standing.organisation in owners:
            facts.add(Fact.OWN_SOURCE)
    return facts


def _is_in_compartment(standing: Standing, region: str | None, sector: str | None) -> bool:
    """An asker bound to sectors is at home with subjects of these; with one whose sector nobody told, it is not."""
    if standing.sectors and sector not in standing.sectors:
        return False
    return any(region_lies_within(region, prefix) for prefix in standing.regions)


def region_lies_within(region: str | None, prefix: str) -> bool:
    """Whether the GB/T 2260 code *region* lies within *prefix*; "" is the whole country, None lies only in that."""
    return prefix == "" or (region is not None and region.startswith(prefix))


def _consented(standing: Standing, subject: str) -> frozenset[Category]:
    return frozenset(
        item
        for consent in standing.consents
        if consent.subject == subject and consent.purpose == standing.purpose
        for item in consent.items
    )


def _granted(standing: Standing, subject: str, source: str) -> tuple[Grant, ...]:
    return tuple(
        grant for grant in standing.grants if grant.source in (None, source) and grant.subject in (None, subject)
    )
