"""Step 9 of the road: what the log is told of an answer, and the condition under which it may leave."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.audit.disclosure import Disclosure, answer_digest_of
from hub.audit.entries import DeliveryRow, Pending, pack_versions
from hub.identity.caller import Caller
from hub.road.documents import Prepared
from hub.road.render import Rendered
from hub.road.sight import Sight
from hub.road.toll import Toll
from keys.canonical import Json, Spelled
from schema.plan.judged import JudgedSubject
from schema.plan.model import Plan
from schema.policy.model import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    A question as the log tells it: who, for what, when, under which versions.

    Attributes:
        document: Text of the document.
        epochs: What else decides the answer, at the epoch it was read.
        toll: What the question uses up, with its entry.
    """

    at: datetime
    caller: Caller
    standing: Standing
    document: str
    prepared: Prepared
    catalogue_version: str
    epochs: dict[str, int]
    toll: Toll


def disclosure_of(asked: Asked, plan: Plan, sight: Sight, rendered: Rendered) -> Pending:
    """
    Make the entry of an answer.

    The entry's `reads` hold every subject asked for, at the version it was read (0: not on file), and its epochs what
    else decided it; the answer leaves only if none has changed since.
    """
    showing = rendered.showing
    # In the order of mention: what was found in memory first would tell what others asked for.
    subjects = {code: sight.subjects[code] for code in sight.versions if code in sight.subjects}
    disclosure = _disclosure(
        asked,
        subjects=tuple(subjects),
        served=_spelled(showing.memo, "served", lambda: list(showing.served)),
        masked=_spelled(showing.memo, "masked", lambda: dict(showing.masked)),
        denied=_spelled(plan.memo, "denied", lambda: {use.coordinate: why.rule for use, why in plan.denied}),
        answer=answer_digest_of(rendered.data.canonical),
    )
    deliveries = [
        DeliveryRow(
            subject_code=code,
            partner=asked.caller.partner,
            purpose=asked.standing.purpose,
            versions=_versions(subject, sight.wish.kinds),
        )
        for code, subject in subjects.items()
    ]
    toll = asked.toll
    return Pending(
        entry=disclosure.entry(),
        deliveries=deliveries,
        reads=dict(sight.reads),
        epochs=asked.epochs,
        once=toll.once,
        once_until=toll.once_until,
        spend=toll.spend,
    )


def refusal_of(asked: Asked, denied: Mapping[str, str]) -> Pending:
    """Make the entry of a question that was refused whole: coordinate or `operation` -> rule."""
    toll = asked.toll
    return Pending(
        entry=_disclosure(asked, denied=denied, answer=None).entry(),
        epochs=asked.epochs,
        once=toll.once,
        once_until=toll.once_until,
        spend=toll.spend,
    )


def _spelled(memo: dict[str, object], name: str, make: Callable[[], Json]) -> Spelled:
    """Spell what many answers have in common once, in the *memo* that belongs to it."""
    found = memo.get(name)
    if not isinstance(found, Spelled):
        found = memo[name] = Spelled.of(make())
    return found


def _versions(subject: JudgedSubject, kinds: frozenset[str]) -> bytes:
    """Pack which versions of its records an answer about *subject* was made from, once for the same kinds."""
    found = subject.packed.get(kinds)
    if found is None:
        found = subject.packed[kinds] = pack_versions(
            [
                (record.stored.kind, record.stored.key, record.stored.provenance.version)
                for record in subject.records
                if record.stored.kind in kinds
            ]
        )
    return found


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
