"""The plan's words: what a compiled question will read, decide and attest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schema.policy.model import Decision, Denied


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """
    A guarded coordinate that the document selects.

    Attributes:
        coordinate: Schema coordinate.
        path: Response keys of its first selection; `@` stands for a list.
        decision: The static decision.
    """

    coordinate: str
    path: tuple[str, ...]
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCall:
    """One root field: its name, response key and coerced arguments."""

    name: str
    key: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    A document compiled against a standing.

    Attributes:
        uses: Guarded coordinates in document order, each once.
        denied: The statically denied of them, with their decisions.
        roots: Root fields in document order.
        kinds: Record kinds to read; empty when no root leads to records.
        lists: Number of `records` selections: each is made anew for every subject in the answer.
        fields: Kind -> attribute names that were granted and asked for, in document order: all that a live
            source may be asked.
        is_guarded: Whether the document touches a subject at all: such an answer is attested.
        memo: Memory of what was made of the plan, whatever its variables; kept by its users.
    """

    uses: tuple[Use, ...]
    denied: tuple[tuple[Use, Denied], ...]
    roots: tuple[RootCall, ...]
    kinds: frozenset[str]
    lists: int
    fields: Mapping[str, tuple[str, ...]]
    is_guarded: bool
    memo: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
