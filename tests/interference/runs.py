"""
Runs: one standing after the other meets a twin made for it; what is asked of both hubs must be answered alike.

Rules:
    - A run is told by its seed and its number of requests; the same run asks the same.
    - The second hub's store is changed while it runs, and changed back: it keeps what it kept, as a real one would.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from schema.catalogue import KINDS
from schema.catalogue.model import fields_of
from schema.plan.decider import Decider
from schema.policy.decide import missing_context
from schema.policy.model import Clear
from tests.equality.documents import Grower, Map
from tests.equality.pools import WorldPools
from tests.equality.tree import plain
from tests.equality.worlds import Asker as Putting
from tests.equality.worlds import dice_of
from tests.interference.people import Asker, askers_of, spread
from tests.interference.questions import Examiner, Question, paged, ways_of, written
from tests.interference.scene import Scene, build_scene
from tests.interference.stage import Stage, staged
from tests.interference.tally import Tally
from tests.interference.twin import Concealer, Eye, Twin
from tests.interference.wire import Answer
from tests.support.worlds import TODAY, Ground

RANDOM_DOCUMENTS = 3
"""Documents grown for one standing about one twin."""
FEW = 5
SHARES = (0.1, 0.5, 0.9)
"""Of what may be changed, how much is."""
MINUTE_S = 61
_CURSOR = re.compile(rb'"(?:cursor|endCursor|startCursor)":"([0-9A-Za-z_-]{22,})"')
_SPECS = tuple(spec for kind in KINDS.values() for spec in fields_of(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two hubs part; *questions*: what the asker had asked about this twin, the last one told them apart."""

    scene: Scene
    asker: Asker
    twin: Twin
    questions: Sequence[Question]
    told: str


class DifferentError(AssertionError):
    """The hubs differ; *difference* says where."""

    def __init__(self, found: Difference) -> None:
        super().__init__(found.told)
        self.difference = found


def run(ground: Ground, seed: int, requests: int, *, leak: str = "", **settings: str) -> Tally:
    """
    Compare both hubs on *requests* pairs, or a few more, in the scene of *seed*.

    Raises:
        DifferentError: they differ.
    """
    scene = build_scene(ground, seed)
    tally = Tally()
    order = spread(list(askers_of(scene.people, scene.policy)), dice_of("order", seed))
    with staged(scene, leak=leak, **settings) as stage:
        turns = Turns(scene, stage, tally)
        for number in count():
            if tally.requests >= requests:
                break
            turns.take(order[number % len(order)], number)
        turns.compare_logs()
    return tally


class Turns:
    """Turn by turn: a standing, its twin, its questions."""

    def __init__(self, scene: Scene, stage: Stage, tally: Tally) -> None:
        self._scene = scene
        self._stage = stage
        self._tally = tally
        self._map = Map(scene.ground.exchange.schema)
        self._pseudonyms = stage.pseudonyms
        self._rules = scene.ground.rules.on(TODAY)
        self._asked: list[tuple[int, Difference]] = []

    def take(self, asker: Asker, number: int) -> None:
        """
        Hide, ask, and put back.

        Raises:
            DifferentError: the answers differ.
        """
        scene, stage = self._scene, self._stage
        dice = dice_of("turn", scene.seed, number)
        decider = Decider(scene.policy, asker.standing(scene.policy), scene.ground.table)
        twin = Concealer(scene.world, Eye(decider, self._rules, TODAY), dice, self._rules).twin(dice.choice(SHARES))
        self._tally.meet(asker, twin)
        stage.pass_time(MINUTE_S)
        stage.second.rows.put(twin.dossiers.values(), twin.gone)
        asked: list[Question] = []
        self._asked.append((stage.number, Difference(scene=scene, asker=asker, twin=twin, questions=asked, told="log")))
        token = stage.token(asker.partner) if asker.partner else None
        for question in self._questions(asker, decider, twin, dice):
            asked.append(question)
            answer = self._ask(asker, question, token)
            again = paged(question, [each.decode() for each in _CURSOR.findall(answer.body)], dice)
            if again is not None and dice.random() < 0.5:
                asked.append(again)
                self._ask(asker, again, token)
        changed = {*twin.dossiers, *twin.gone}
        stage.second.rows.put(held for code, held in scene.world.dossiers.items() if code in changed)

    def compare_logs(self) -> None:
        """
        Compare what both hubs told their operators of every request.

        Raises:
            DifferentError: a line differs.
        """
        for number, (one, other) in enumerate(zip(*self._stage.log_lines(), strict=True), start=1):
            if one != other:
                found = next(each for first, each in reversed(self._asked) if first < number)
                raise DifferentError(replace(found, told=difference("log", one, other)))

    def _ask(self, asker: Asker, question: Question, token: str | None) -> Answer:
        number = self._stage.number + 1
        one, other = self._stage.ask(written(question, asker, token, number))
        told = told_apart(one, other)
        if told is not None:
            raise DifferentError(replace(self._asked[-1][1], told=told))
        self._tally.count(question, one)
        return one

    def _questions(self, asker: Asker, decider: Decider, twin: Twin, dice: Random) -> Iterator[Question]:
        scene = self._scene
        examiner = Examiner(scene.ground.exchange, self._pseudonyms, scene.world, twin, dice)
        allowed = [spec for spec in _SPECS if isinstance(decider.static(spec.coordinate), Clear)]
        refused = [spec for spec in _SPECS if spec.field.filterable and spec not in allowed]
        questions = [ways_of(question, dice) for question in examiner.systematic(allowed, refused)]
        if missing_context(scene.policy.purposes[asker.purpose], decider.standing):
            # Whatever is asked, the purpose is refused first: a few are enough.
            yield from dice.sample(questions, min(FEW, len(questions)))
            return
        yield from questions
        for _ in range(RANDOM_DOCUMENTS):
            for question in self._grown(asker, decider, dice):
                yield ways_of(question, dice)

    def _grown(self, asker: Asker, decider: Decider, dice: Random) -> Iterator[Question]:
        """A random document, and the same with other variables."""
        pools = WorldPools(dice.choice(self._scene.world.places))
        pools.turn_to(Putting(caller=asker.caller, standing=decider.standing, decider=decider))
        made = Grower(self._map, pools, dice, Counter()).grow()
        text = made.document.text()
        for _ in range(2):
            yield Question(
                label="grown",
                document=text,
                variables={name: plain(value) for name, value in made.draw().items()},
                operation=made.operation_name,
            )


def told_apart(one: Answer, other: Answer) -> str | None:
    """Say in one line where two answers differ, None if nowhere."""
    if one.head != other.head:
        return difference("head", one.head, other.head)
    return None if one.body == other.body else difference("body", one.body, other.body)


def difference(name: str, one: bytes, other: bytes) -> str:
    """Say in one line where *one* and *other* part."""
    pairs = enumerate(zip(one, other, strict=False))
    place = next((index for index, (left, right) in pairs if left != right), min(len(one), len(other)))
    around = slice(max(0, place - 120), place + 120)
    return f"{name} at byte {place}: {one[around]!r} against {other[around]!r}"
