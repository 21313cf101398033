"""Step 9 of the road: what the log is told of an answer, and the condition under which it may leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.audit.disclosure import Disclosure, answer_digest
from hub.audit.entries import DeliveryRow, Pending
from hub.identity.caller import Caller
from hub.road.documents import Prepared
from hub.road.sight import Sight
from schema.graph.views import Outcome
from schema.plan.model import Plan
from schema.policy.model import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the log tells it: who, for what, when, under which versions."""

    at: datetime
    caller: Caller
    standing: Standing
    prepared: Prepared
    catalogue_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the asker is about to get: outcome per coordinate, what was seen for it, `data`."""

    outcome: Outcome
    sight: Sight
    data: dict[str, Any] | None


def disclosure_of(asked: Asked, plan: Plan, shown: Shown) -> Pending:
    """
    Make the entry of an answer.

    The entry's `reads` hold every subject asked for, at the version it was read (0: not on file), so that the answer
    leaves only if none has changed since.
    """
    outcome = shown.outcome
    disclosure = _disclosure(
        asked,
        subjects=tuple(shown.sight.views),
        served=tuple(sorted(outcome.served)),
        masked={name: "+".join(sorted(masks)) for name, masks in sorted(outcome.masked.items())},
        denied={use.coordinate: decision.rule for use, decision in plan.denied},
        answer=answer_digest(shown.data),
    )
    deliveries = [
        DeliveryRow(
            subject_code=code,
            partner=asked.caller.partner,
            purpose=asked.standing.purpose,
            versions=tuple(
                (record.stored.kind, record.stored.key, record.stored.provenance.version)
                for record in view.records
                if record.stored.kind in shown.sight.wish.kinds
            ),
        )
        for code, view in shown.sight.views.items()
    ]
    return Pending(entry=disclosure.entry(), deliveries=deliveries, reads=dict(shown.sight.versions))


def refusal_of(asked: Asked, denied: Mapping[str, str]) -> Pending:
    """Make the entry of a question that was refused whole: coordinate or `operation` -> rule."""
    return Pending(entry=_disclosure(asked, denied=denied, answer=None).entry())


def _disclosure(asked: Asked, **answered: Any) -> Disclosure:  # noqa: ANN401  the rest of Disclosure's fields
    name = asked.prepared.operation.name
    return Disclosure(
        at=asked.at,
        asker=asked.caller.partner,
        actor=asked.caller.actor.value,
        organisation=asked.caller.organisation,
        purpose=asked.standing.purpose,
        context=dict(asked.standing.context),
        policy=asked.standing.policy_version,
        catalogue=asked.catalogue_version,
        document=asked.prepared.digest,
        operation=name.value if name else None,
        **answered,
    )
