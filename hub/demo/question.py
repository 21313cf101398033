"""The one question of the demonstration, and the four who ask it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.identity.partners import NewPartner
from schema.identifiers.uscc import compose
from schema.policy.model import ActorKind

QUESTION = """\
query Dossier($code: ID!) {
  subject(code: $code) {
    code
    name
    status
    region
    formerNames { name validTo }
    registration { legalRepresentative registeredCapital foundedOn }
    holdings { kind category count }
    records(first: 50) {
      totalCount
      nodes {
        kind
        category
        day
        publicityState
        severity
        provenance { source version freshness }
        ... on Licence { documentNo content validTo }
        ... on Penalty { documentNo facts fineAmount penaltyKinds legalRepresentative legalRepresentativeIdNo }
        ... on ListEntry { listCode reason }
        ... on Grade { scheme grade score }
        ... on Commitment { commitmentType fulfilment }
        ... on SupplierSanction { sanctionNo sanctionKind cause endsOn }
        ... on Performance { contractNo contractAmount rating }
        ... on Arrears { billingPeriod amountUnpaid }
      }
    }
  }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """
    Somebody who asks.

    Attributes:
        name: Key in `--json`; also the partner's id, except for the public.
        label: Shown above its column.
        partner: The entry it asks with; None: the public.
        purpose: `extensions.purpose`.
    """

    name: str
    label: str
    partner: NewPartner | None
    purpose: Mapping[str, Any] = field(default_factory=dict)


def askers(subject: str, group: str) -> tuple[Asker, ...]:
    """
    Name the four askers.

    Args:
        subject: Code of the organisation asked about; it asks about itself.
        group: Code of the group company whose procurement platform asks.
    """
    return (
        Asker(name="public", label="公众 public", partner=None, purpose={"code": "PUBLIC_LOOKUP"}),
        Asker(
            name="procurement",
            label="采购平台 procurement",
            partner=NewPartner(
                id="procurement",
                name="锦江能源集团采购平台",
                actor=ActorKind.GC,
                organisation=group,
                purposes=("PROCUREMENT_CHECK", "MARKET_TRADE"),
            ),
            purpose={
                "code": "PROCUREMENT_CHECK",
                "context": {"tender": "JJ-2026-088", "lot": "2", "stage": "S5"},
            },
        ),
        Asker(
            name="department",
            label="省能源主管部门 department",
            partner=NewPartner(
                id="department",
                name="省级能源主管部门(模拟)",
                actor=ActorKind.LD,
                organisation=compose("11510000", "MB1N0010"),
                regions=("51",),
                purposes=("SUPERVISION",),
            ),
            purpose={"code": "SUPERVISION", "context": {"task": "2026-双随机-17"}},
        ),
        Asker(
            name="subject",
            label="主体自己 the subject",
            partner=NewPartner(
                id="subject",
                name="被查询主体",
                actor=ActorKind.SU,
                organisation=subject,
                purposes=("SELF_QUERY",),
            ),
            purpose={"code": "SELF_QUERY"},
        ),
    )
