"""
Denied against absent, by the time an answer takes: Welch's t-test over HTTP.

Rules:
    - Two kinds of question are asked of one hub in random order over one connection, so that whatever else the machine
      does meets both alike.
    - As in dudect, what lies beyond a percentile of all samples is cropped, since it tells of the machine; the largest
      |t| over several percentiles counts.
    - No time is asserted: only that two distributions cannot be told apart.

Source: Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?" (DATE 2017): |t| < 4.5.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from time import perf_counter_ns

from schema.graph.ids import NodeId
from schema.identifiers.uscc import compose
from schema.plan.decider import Decider
from schema.plan.guarded import SUBJECT_KIND
from tests.equality.worlds import dice_of
from tests.interference.people import Asker
from tests.interference.questions import ENTITIES, LISTED, NODE, SEARCH, Question, written
from tests.interference.scene import Scene, build_scene
from tests.interference.stage import Stage, staged
from tests.interference.twin import Eye
from tests.support.worlds import TODAY, Ground

REACH = 4.5
"""|t| from which on two distributions count as told apart."""
PERCENTILES = (50, 75, 90, 95, 99)
WARM_UP = 200
COLD = {"dossier_cache_records": "0"}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two kinds of question that must take as long: about what is hidden, and about what is nowhere."""

    name: str
    denied: Sequence[Question]
    absent: Sequence[Question]


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of two samples; 0 if neither varies."""
    means = [sum(each) / len(each) for each in (one, other)]
    spreads = [
        sum((value - mean) ** 2 for value in each) / (len(each) - 1)
        for each, mean in zip((one, other), means, strict=True)
    ]
    error = sqrt(spreads[0] / len(one) + spreads[1] / len(other))
    return (means[0] - means[1]) / error if error else 0.0


def cropped(one: Sequence[float], other: Sequence[float]) -> float:
    """The t of greatest size over several croppings of both samples by the same bound."""
    together = sorted([*one, *other])
    found = []
    for percentile in PERCENTILES:
        bound = together[min(len(together) - 1, len(together) * percentile // 100)]
        left, right = [each for each in one if each <= bound], [each for each in other if each <= bound]
        if min(len(left), len(right)) > 1:
            found.append(welch(left, right))
    return max(found, key=abs)


def compare(
    ground: Ground, seed: int, samples: int, *, say: Say = lambda _text: None, only: str = "", attempts: int = 1
) -> Mapping[str, float]:
    """
    Measure every pair, *samples* of each kind: name -> t.

    Args:
        ground: Schema, policy and rules.
        seed: Of the scene and of the order.
        samples: Of each kind.
        say: Told each figure.
        only: Only pairs whose name contains this.
        attempts: How often a pair is measured until |t| is small; a real difference stays.
    """
    scene = build_scene(ground, seed)
    found: dict[str, float] = {}
    for caches, settings in (("warm", {}), ("cold", COLD)):
        with staged(scene, **settings) as stage:
            for pair in pairs_of(scene, stage):
                name = f"{pair.name}, {caches}"
                if only not in name:
                    continue
                for _ in range(attempts):
                    found[name] = t = cropped(*measured(stage, pair, samples, seed))
                    say(f"{name}: t = {t:+.2f}")
                    if abs(t) < REACH:
                        break
    return found


def measured(stage: Stage, pair: Pair, samples: int, seed: int) -> tuple[list[float], list[float]]:
    """Ask in random order; microseconds per answer of each kind."""
    dice = dice_of("timing", seed, pair.name)
    public = Asker(person=None, purpose="PUBLIC_LOOKUP")
    kinds = [0] * samples + [1] * samples
    dice.shuffle(kinds)
    # Every request has the same length and the same number: only what it names differs.
    sent = [[written(each, public, None, 1) for each in kind] for kind in (pair.denied, pair.absent)]
    times: tuple[list[float], list[float]] = ([], [])
    connection = stage.first.connection
    for place, kind in enumerate([dice.randrange(2) for _ in range(WARM_UP)] + kinds):
        data = dice.choice(sent[kind])
        begun = perf_counter_ns()
        connection.ask(data)
        taken = perf_counter_ns() - begun
        if place >= WARM_UP:
            times[kind].append(taken / 1000)
    return times


def pairs_of(scene: Scene, stage: Stage) -> list[Pair]:
    """What the public asks for in vain: what is there and hidden, and what is not there."""
    hidden = _hidden_subjects(scene)
    nowhere = [compose("91510100", f"MA6CW{number:03d}") for number in range(len(hidden))]
    record = next(record for code in hidden for record in scene.world.dossiers[code].records)
    name = stage.pseudonyms.of(record.kind, record.subject, record.key)
    names = [scene.world.dossiers[code].subject.name for code in hidden]
    listed = [Question(label="subject", document=LISTED, variables={"code": code}) for code in hidden]
    nothing = [Question(label="subject", document=LISTED, variables={"code": code}) for code in nowhere]
    return [
        Pair(name="subject", denied=listed, absent=nothing),
        Pair(
            name="subject by node",
            denied=[_node(NodeId(kind=SUBJECT_KIND, code=code)) for code in hidden],
            absent=[_node(NodeId(kind=SUBJECT_KIND, code=code)) for code in nowhere],
        ),
        Pair(
            name="record by node",
            denied=[_node(NodeId(kind=record.kind, code=record.subject, name=name))],
            absent=[_node(NodeId(kind=record.kind, code=record.subject, name=name[::-1]))],
        ),
        Pair(name="entities", denied=_entities(hidden), absent=_entities(nowhere)),
        Pair(
            name="search",
            denied=[_search(each) for each in names],
            # As long in characters and in bytes, and nobody's.
            absent=[_search(f"{each[2:4]}{'無' * 2}{each[4:]}") for each in names],
        ),
    ]


def _hidden_subjects(scene: Scene) -> list[str]:
    """Subjects that are on file and that the public may not know of."""
    ground = scene.ground
    public = Asker(person=None, purpose="PUBLIC_LOOKUP").standing(scene.policy)
    eye = Eye(Decider(scene.policy, public, ground.table), ground.rules.on(TODAY), TODAY)
    return [
        code
        for code, held in scene.world.dossiers.items()
        if held.records and all(eye.see(record).is_denied for record in held.records)
    ]


def _node(node: NodeId) -> Question:
    return Question(label="node", document=NODE, variables={"id": str(node)})


def _entities(codes: Sequence[str]) -> list[Question]:
    return [
        Question(label="entities", document=ENTITIES, variables={"of": [{"__typename": SUBJECT_KIND, "code": code}]})
        for code in codes
    ]


def _search(name: str) -> Question:
    return Question(label="search", document=SEARCH, variables={"name": name, "first": 5})
