"""
The access rules in Cedar, translated from docs/access.md and the policy's data: policies, and no entity yet.

Rules:
    - Nothing here calls `decide` or joins tiers: Cedar's own sets and conditions put the labels together.
    - One Cedar policy per prohibition, permission and question; an action per way of showing. A denial's rule is the
      first of access.md's questions whose `forbid` holds.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cedarpy

from schema.catalogue.model import Mask
from schema.policy.model import Cell, Policy, PurposeRule, Reader
from schema.tiers import Audience, Tier

# DOMAIN 13.1, as access.md spells it: whom a tier lets read, and what `-CON` takes away.
_EVERYONE = ("PUB", "IND", "GOV", "CON", "OWN")
READERS: Mapping[Tier, tuple[str, ...]] = {
    Tier.P: _EVERYONE,
    Tier.P_CON: ("PUB", "IND", "GOV", "OWN"),
    Tier.S: ("IND", "GOV", "CON", "OWN"),
    Tier.S_CON: ("IND", "GOV", "OWN"),
    Tier.I: ("IND", "CON", "OWN"),
    Tier.I_CON: ("IND", "OWN"),
    Tier.G: ("GOV", "CON", "OWN"),
    Tier.G_CON: ("GOV", "OWN"),
    Tier.A: ("CON", "OWN"),
    Tier.R: ("OWN",),
}
QUESTIONS = (
    "catalogue.unclassified",
    "actor.no_content",
    "purpose.unknown",
    "purpose.not_allowed",
    "purpose.context",
    "purpose.category",
    "purpose.needs",
    "purpose.tier",
)
RIGHTS = 3
"""Most consents, and most grants, of one asker: Cedar has no loops, so that each has its name in the context."""
LABELS = ("category", "own", "field", "floor", "fieldCategory")
"""What a value's tier is joined of: each says for itself who may read."""


# Officers may lay a compartment of one or two regions on a record: who holds not all of them reads it only as its own.
_HELD = (
    "((!(resource has first) || resource.first in principal.regions)"
    " && (!(resource has second) || resource.second in principal.regions))"
)


def _set(values: Iterable[str]) -> str:
    return json.dumps(sorted(values), ensure_ascii=False)


def _may_read(audience: str) -> str:
    each = [f'resource.{label}.contains("{audience}")' for label in LABELS]
    return " && ".join([*each, "true" if audience == "OWN" else _HELD])


def _reaches(readers: str) -> str:
    """Whether whoever a set of readers stands for may read the label: strict as it is, and in its compartment."""
    each = [f"resource.{label}.containsAll({readers})" for label in LABELS]
    return " && ".join([*each, f'({_HELD} || ["OWN"].containsAll({readers}))'])


def _facts(policy: Policy) -> dict[str, str]:
    naming = _set(code for code, rule in policy.purposes.items() if "consent" in rule.requires)
    consents = [
        f"(context.consent{i}.subject == resource.subject && context.consent{i}.items.contains(resource.about)"
        f" && context.consent{i}.purpose == context.purpose"
        f" && (!{naming}.contains(context.purpose) || context.consent{i}.id == context.named))"
        for i in range(RIGHTS)
    ]
    grants = [
        f"(context.grant{i}.category == resource.about && context.grant{i}.purpose == context.purpose"
        f' && (resource.coordinate == "" || context.grant{i}.coordinates.isEmpty()'
        f" || context.grant{i}.coordinates.contains(resource.coordinate))"
        f' && (context.grant{i}.source == "" || context.grant{i}.source == resource.source)'
        f' && (context.grant{i}.subject == "" || context.grant{i}.subject == resource.subject)'
        f" && {_reaches(f'context.grant{i}.readers')})"
        for i in range(RIGHTS)
    ]
    return {
        "own_subject": "(principal has organisation && principal.organisation == resource.subject)",
        "own_source": "(principal has organisation && resource.owners.contains(principal.organisation))",
        "in_region": "((principal.sectors.isEmpty()"
        " || (resource has sector && principal.sectors.contains(resource.sector)))"
        " && resource.region in principal.regions)",
        "consent": f"({' || '.join(consents)})",
        "granted": f"({' || '.join(grants)})",
        "counterparty": 'context.dealings.contains("counterparty")',
        "portfolio": 'context.dealings.contains("portfolio")',
        "published": "resource.published",
        "matter_code": 'context.stated.contains("matterCode")',
        "case_id": 'context.stated.contains("caseId")',
    }


def _forbid(rule: str, condition: str) -> str:
    return f'@id("{rule}") forbid(principal, action, resource) when {{ {condition} }};'


def _of_purpose(rule: PurposeRule, facts: Mapping[str, str]) -> Iterator[str]:
    here = f'context.purpose == "{rule.code}"'
    if rule.requires:
        yield _forbid("purpose.context", f"{here} && !context.stated.containsAll({_set(rule.requires)})")
    yield _forbid("purpose.category", f"{here} && !{_set(rule.categories)}.contains(resource.about)")
    for fact in rule.needs_always:
        yield _forbid("purpose.needs", f"{here} && !{facts[fact]}")
    for category, needs in rule.needs.items():
        for fact in needs:
            yield _forbid("purpose.needs", f'{here} && resource.about == "{category}" && !{facts[fact]}')
    if rule.max_tier is not None:
        yield _forbid("purpose.tier", f"{here} && !({_reaches(_set(READERS[rule.max_tier]))})")


def _speaks(cell: Cell, reader: Reader) -> list[str]:
    """The conditions under which a line speaks of this asker and coordinate at all."""
    found = [f'resource.about == "{cell.category}"', f"{_set(reader.actors)}.contains(principal.actor)"]
    if reader.purposes:
        found.append(f"{_set(reader.purposes)}.contains(context.purpose)")
    if cell.except_fields:
        found.append(f"!{_set(cell.except_fields)}.contains(resource.coordinate)")
    return found


def _shows(cell: Cell, audience: Audience) -> str:
    if Mask.M6 in cell.masks:
        return 'resource.coordinate == "" && action == Action::"count"'
    if Mask.M7 in cell.masks:
        return 'resource.coordinate == "" && action == Action::"tell"'
    laid_on = "resource.masked" if audience is not Audience.OWN else "false"
    masked = f'(resource.mask != "" && ({_set(cell.masks)}.contains(resource.mask) || {laid_on}))'
    return (
        f'(resource.coordinate == "" && action == Action::"list") || (resource.coordinate != "" && '
        f'(({masked} && action == Action::"masked") || (!{masked} && action == Action::"whole")))'
    )


@dataclass(frozen=True)
class Translated:
    """A policy in Cedar: what is shown, and how near a permission came; the order of the rules that can deny."""

    showing: cedarpy.PolicySet
    nearing: cedarpy.PolicySet
    order: Sequence[str]


def translate(policy: Policy) -> Translated:
    """Write *policy* in Cedar."""
    facts = _facts(policy)
    forbids = [
        _forbid("catalogue.unclassified", "!resource.classified"),
        _forbid("actor.no_content", '["OP", "AU"].contains(principal.actor)'),
        _forbid("purpose.unknown", f"!{_set(policy.purposes)}.contains(context.purpose)"),
        _forbid(
            "purpose.not_allowed",
            'context.purpose != "PUBLIC_LOOKUP" && !principal.purposes.contains(context.purpose)',
        ),
    ]
    for rule in policy.purposes.values():
        forbids += _of_purpose(rule, facts)
    permits: list[str] = []
    nearing: list[str] = []
    stops: list[str] = []
    for cell in policy.cells:
        reader = policy.readers[cell.reader]
        speaks = " && ".join(_speaks(cell, reader))
        if not cell.permit:
            stops.append(cell.id)
            forbids.append(_forbid(cell.id, speaks))
            continue
        audience = cell.audience or reader.audience
        applies = " && ".join([speaks, *(facts[fact] for fact in sorted(reader.needs | cell.needs))])
        reads = f"{applies} && {_may_read(audience.value)}"
        # Ownership and consent are judged row by row, and no ceiling bounds them.
        reached = reads if audience in {Audience.OWN, Audience.CON} else f"{reads} && {_reaches('principal.ceiling')}"
        permits.append(
            f'@id("{cell.id}") permit(principal, action, resource) when {{ {reached} && ({_shows(cell, audience)}) }};'
        )
        for action, condition in (("applies", applies), ("reads", reads), ("reaches", reached)):
            nearing.append(f'permit(principal, action == Action::"{action}", resource) when {{ {condition} }};')
    return Translated(
        showing=cedarpy.PolicySet.from_str("\n".join(forbids + permits)),
        nearing=cedarpy.PolicySet.from_str("\n".join(nearing)),
        order=(*QUESTIONS, *stops),
    )
