"""What a change set would have changed for those who asked in the last days; see `hub.administration.replay`."""

import strawberry

from hub.administration.graph.changes import identifier
from hub.administration.replay import Progress, Replays, ReplayState
from hub.administration.replayed import Differing
from hub.errors import BadInputError

strawberry.enum(ReplayState, description="How far a replay is.")


@strawberry.type(
    description="重放 The questions of the last days, asked again under a change set; only where they differ."
)
class Replay:
    """How far a replay is."""

    id: strawberry.ID
    change_set: strawberry.ID
    state: ReplayState
    asked: int = strawberry.field(description="Questions looked at so far, repetitions counted.")
    rehearsed: int = strawberry.field(description="Different ones among them.")
    left_out: int = strawberry.field(description="Of partners not served any more, or that could not be rehearsed.")
    differing: int = strawberry.field(description="How many would have been answered otherwise.")


@strawberry.type(description="A coordinate that would have been shown otherwise.")
class ReplayedCoordinate:
    """A coordinate of a difference."""

    coordinate: str
    before: str = strawberry.field(description="`shown`, a mask, the rule that denies, or `absent`.")
    after: str


@strawberry.type(
    description="答案的差异 Questions of one partner, purpose and document that would have been answered otherwise."
)
class ReplayedDifference:
    """A difference."""

    partner: strawberry.ID | None = strawberry.field(description="Null: the public.")
    purpose: str
    document: str = strawberry.field(description="Digest of the document.")
    count: int
    coordinates: list[ReplayedCoordinate]
    refused_before: str | None = strawberry.field(description="Code of the refusal, where it was refused whole.")
    refused_after: str | None


def replays_of(replays: Replays | None) -> Replays:
    """
    The replays of this process.

    Raises:
        BadInputError: it has none: the command line, which does not answer questions.
    """
    if replays is None:
        raise BadInputError("Only a running hub replays questions", extensions={"rule": "replay.not_here"})
    return replays


def shown_replay(progress: Progress) -> Replay:
    """Show how far a replay is."""
    return Replay(
        id=strawberry.ID(progress.id),
        change_set=strawberry.ID(progress.change),
        state=progress.state,
        asked=progress.asked,
        rehearsed=progress.rehearsed,
        left_out=progress.left_out,
        differing=progress.differing,
    )


def shown_difference_of_answers(found: Differing) -> ReplayedDifference:
    """Show questions that would have been answered otherwise."""
    before, after = found.refused
    return ReplayedDifference(
        partner=identifier(found.partner),
        purpose=found.purpose,
        document=found.document,
        count=found.count,
        coordinates=[
            ReplayedCoordinate(coordinate=name, before=was, after=becomes)
            for name, (was, becomes) in sorted(found.coordinates.items())
        ],
        refused_before=before,
        refused_after=after,
    )
