"""
Runs of the differential test: worlds, askers, documents; what was met is counted, so that a blind run is seen.

Rules:
    - A run is told by its first world's seed and its number of documents; the same run asks the same questions.
    - A document is asked once, and now and then again: with other variables, by another asker, from a cursor it gave.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import orjson

from schema.graph.ids import find_node_id
from tests.equality.compare import difference, fault_of
from tests.equality.documents import Grower, Made, Map
from tests.equality.pools import WorldPools
from tests.equality.road import CompiledSide, HandedOver, Question, ReferenceSide, Sampled, Told
from tests.equality.tree import plain
from tests.equality.worlds import Asker, Place, build_place, dice_of
from tests.support.worlds import Ground

_CURSOR = re.compile(r"[0-9A-Za-z_-]{22,}")
PER_PLACE = 60
"""Documents asked in one world."""
AGAIN = 0.15
"""Share of questions that are followed by another one of the same document."""


@dataclass(slots=True)
class Tally:
    """
    What a run met.

    Attributes:
        documents, questions: How many.
        selected: Coordinates, arguments, members and features that documents held.
        met: Refusals, error codes and shares of answers.
        shown: `served`, `masked` and `denied` coordinates.
        handed_over: Reason -> questions the compiled executor did not serve.
        bytes: Of all answers.
        validated: Documents that were validated.
    """

    documents: int = 0
    questions: int = 0
    selected: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    shown: Counter[tuple[str, str]] = field(default_factory=Counter)
    handed_over: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    validated: int = 0

    def add(self, other: "Tally") -> None:
        """Add what another run met."""
        self.documents += other.documents
        self.questions += other.questions
        self.bytes += other.bytes
        self.validated += other.validated
        for name in ("selected", "met", "shown", "handed_over"):
            getattr(self, name).update(getattr(other, name))

    def __str__(self) -> str:
        """Tell it in a few lines."""
        kinds = Counter(how for how, _ in self.shown)
        mean = self.bytes // max(1, self.questions)
        lines = (
            f"{self.documents} documents ({self.validated} validated), {self.questions} questions, {mean} bytes each",
            f"answers: {dict(sorted(self.met.items()))}",
            f"handed over: {sum(self.handed_over.values())} {dict(self.handed_over.most_common())}",
            f"selected: {len(self.selected)} coordinates, arguments, members and features of documents",
            f"shown: {dict(sorted(kinds.items()))} coordinates",
        )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two executors part: everything needed to meet it again."""

    place: Place
    asker: Asker
    made: Made
    question: Question
    told: str


class DifferentError(AssertionError):
    """The executors differ; *difference* says where."""

    def __init__(self, found: Difference) -> None:
        super().__init__(found.told)
        self.difference = found


def run(ground: Ground, first_place: int, documents: int) -> Tally:
    """
    Compare both executors on *documents* documents, in worlds from *first_place* on.

    Raises:
        DifferentError: they differ.
    """
    tally = Tally()
    sampled = Sampled(ground.exchange.schema)
    ground = replace(ground, documents=sampled)
    map_ = Map(ground.exchange.schema)
    seed = first_place
    while tally.documents < documents:
        count = min(PER_PLACE, documents - tally.documents)
        _run_place(build_place(ground, seed), map_, count, tally)
        seed += 1
    tally.validated = sampled.validated
    return tally


def places_of(documents: int) -> int:
    """Number of worlds that *documents* documents take."""
    return -(-documents // PER_PLACE)


def _run_place(place: Place, map_: Map, count: int, tally: Tally) -> None:
    pools, reference, compiled = WorldPools(place), ReferenceSide(place), CompiledSide(place)
    for number in range(count):
        dice = dice_of("document", place.seed, number)
        pools.offer(())
        asker = dice.choice(place.askers)
        pools.turn_to(asker)
        made = Grower(map_, pools, dice, tally.selected).grow()
        tally.documents += 1
        for turn, question in enumerate(_questions(made, pools, dice)):
            if turn and dice.random() < 0.3:
                asker = dice.choice(place.askers)
            told = reference.ask(asker, question)
            pools.offer(list(_cursors(told)))
            _count(told, tally)
            found = fault_of(told, is_odd=place.is_odd) or _compared(told, compiled.ask(asker, question), tally)
            if found is not None:
                raise DifferentError(Difference(place=place, asker=asker, made=made, question=question, told=found))


def _questions(made: Made, pools: WorldPools, dice: Random) -> Iterator[Question]:
    text = made.document.text()
    while True:
        variables = {name: plain(value) for name, value in made.draw().items()}
        yield Question(text=text, operation_name=made.operation_name, variables=variables)
        has_cursors = bool(pools.cursors) and "after:" in text
        has_others = len(made.document.operations) > 1
        if dice.random() > (2 * AGAIN if has_cursors or has_others else AGAIN):
            return
        made = made.turned(dice)


def _compared(told: Told, other: Told | HandedOver, tally: Tally) -> str | None:
    if isinstance(other, HandedOver):
        tally.handed_over[other.reason] += 1
        return None
    return difference(told, other)


def _count(told: Told, tally: Tally) -> None:
    tally.questions += 1
    tally.met[told.refusal or "answered"] += 1
    tally.bytes += len(told.plain)
    tally.met.update(str(error["extensions"]["code"]) for error in told.errors)
    for how in ("served", "masked", "denied"):
        tally.shown.update((how, coordinate) for coordinate in getattr(told, how))


def _cursors(told: Told) -> Iterator[str]:
    """Texts of an answer that look like cursors: sealed, so of one alphabet and long enough."""
    waiting: list[Any] = [orjson.loads(told.plain)] if told.plain else []
    while waiting:
        value = waiting.pop()
        match value:
            case dict():
                waiting.extend(value.values())
            case list():
                waiting.extend(value)
            case str() if _CURSOR.fullmatch(value) and find_node_id(value) is None:
                yield value
