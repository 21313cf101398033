"""One question asked again under two policies: what it is known by, and where the two answers differ."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.administration.questions import Asked
from hub.gateway.port import Question
from hub.rehearsal import Rehearsal
from keys.canonical import canonical_json
from schema.policy.simulate import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """
    Questions whose answers would have differed, of one partner, purpose and document.

    Attributes:
        partner: Who asked; None: the public.
        purpose: Purpose code.
        document: Digest of the document, `sha256:<hex>`.
        count: How often it was asked so that the answer would have been another.
        coordinates: Where: coordinate -> (before, after), each `shown`, a mask, the rule that denies, or `absent`.
        refused: Code of the refusal before and after, where one was or would be refused whole; else None.
    """

    partner: Name
    purpose: str
    document: str
    count: int
    coordinates: Mapping[str, tuple[str, str]]
    refused: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two answers to one question differ; see `Differing`."""

    partner: Name
    purpose: str
    document: str
    coordinates: tuple[tuple[str, str, str], ...]
    refused: tuple[str | None, str | None]


def key_of(asked: Asked) -> bytes:
    """Tell what *asked* has in common with the questions that are the same."""
    context = [[key, value] for key, value in asked.context]
    return canonical_json([asked.digest, asked.operation, dict(asked.variables), asked.partner, asked.purpose, context])


def question_of(asked: Asked) -> Question:
    """Ask it again."""
    return Question(
        document=asked.text,
        operation_name=asked.operation,
        variables=dict(asked.variables),
        extensions={"purpose": {"code": asked.purpose, "context": dict(asked.context)}},
        purpose_header=None,
        method="POST",
        request_id="replay",
        traceparent="",
        # It was answered once: whether its document was registered then is no difference now.
        registered=True,
    )


def difference_of(asked: Asked, before: Rehearsal, after: Rehearsal) -> Difference | None:
    """Tell where two answers to *asked* differ; None if they do not."""
    if before.digest == after.digest:
        return None
    one, other = _ways(before), _ways(after)
    coordinates = tuple(
        (name, one.get(name, "absent"), other.get(name, "absent"))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    )
    return Difference(
        partner=asked.partner,
        purpose=asked.purpose,
        document=asked.digest,
        coordinates=coordinates,
        refused=(before.refused, after.refused),
    )


def _ways(rehearsal: Rehearsal) -> dict[str, str]:
    return {**dict(rehearsal.denied), **dict.fromkeys(rehearsal.served, "shown"), **dict(rehearsal.masked)}


def told(difference: Difference, count: int) -> Differing:
    """Tell of a difference that was found *count* times."""
    return Differing(
        partner=difference.partner,
        purpose=difference.purpose,
        document=difference.document,
        count=count,
        coordinates={name: (before, after) for name, before, after in difference.coordinates},
        refused=difference.refused,
    )
