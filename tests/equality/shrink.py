"""
Cuts a difference down: the smallest document, variables and world that a simple search finds for it.

A cut is kept if the executors still differ in the same way: the same word before the colon.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from graphql import parse, validate

from tests.equality.compare import difference, fault_of
from tests.equality.road import CompiledSide, HandedOver, Question, ReferenceSide
from tests.equality.runs import Difference, DifferentError, Tally, run
from tests.equality.tree import Document, Field, Inline, Operation, Selection, Spread, copied, plain
from tests.equality.worlds import Asker, Place
from tests.support.worlds import build_ground

MAX_TRIES = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question in a world, as a tree that can be cut."""

    place: Place
    asker: Asker
    document: Document
    operation_name: str | None
    variables: dict[str, Any]

    @property
    def question(self) -> Question:
        """What is asked."""
        return Question(text=self.document.text(), operation_name=self.operation_name, variables=self.variables)


def case_of(found: Difference) -> Case:
    """Make the case of a difference; the operations that were not asked for go first."""
    document = found.made.document
    return Case(
        place=found.place,
        asker=found.asker,
        document=document,
        operation_name=found.question.operation_name,
        variables=found.question.variables,
    )


def told_apart(place: Place, asker: Asker, question: Question) -> str | None:
    """Ask both executors afresh; say where they differ, or what is wrong with the reference's own answer."""
    reference = ReferenceSide(place).ask(asker, question)
    fault = fault_of(reference, is_odd=place.is_odd)
    if fault is not None:
        return fault
    compiled = CompiledSide(place).ask(asker, question)
    return None if isinstance(compiled, HandedOver) else difference(reference, compiled)


def _told(case: Case) -> str | None:
    return told_apart(case.place, case.asker, case.question)


def shrunk(case: Case, still: Callable[[Case], bool]) -> Case:
    """Cut *case* as long as it is *still* what it was."""
    tries = 0
    is_smaller = True
    while is_smaller and tries < MAX_TRIES:
        is_smaller = False
        for smaller in _smaller(case):
            tries += 1
            if tries >= MAX_TRIES:
                break
            if _holds(smaller, still):
                case, is_smaller = smaller, True
                break
    return case


def _holds(case: Case, still: Callable[[Case], bool]) -> bool:
    schema = case.place.ground.exchange.schema
    try:
        return not validate(schema, parse(case.document.text())) and still(case)
    except Exception:  # noqa: BLE001  a cut that breaks something else is no cut
        return False


def _smaller(case: Case) -> Iterator[Case]:
    """Cases with one thing less, large things first."""
    yield from _fewer_operations(case)
    for place in _smaller_places(case.place):
        yield replace(case, place=place)
    for name in case.variables:
        rest = {key: value for key, value in case.variables.items() if key != name}
        yield replace(case, variables=rest)
    document = case.document
    for index, operation in enumerate(document.operations):
        for cut in _cuts(operation.selections, document):
            operations = list(document.operations)
            operations[index] = Operation(name=operation.name, selections=cut)
            yield replace(case, document=replace(document, operations=operations))
    for name, fragment in document.fragments.items():
        if f"fragment {name} " not in document.text():
            continue
        for cut in _cuts(fragment.selections, document):
            fragments = document.fragments | {name: replace(fragment, selections=cut)}
            yield replace(case, document=replace(document, fragments=fragments))


def _fewer_operations(case: Case) -> Iterator[Case]:
    if len(case.document.operations) > 1:
        for operation in case.document.operations:
            alone = replace(case.document, operations=[Operation(name=None, selections=operation.selections)])
            yield replace(case, document=alone, operation_name=None)


def _smaller_places(place: Place) -> Iterator[Place]:
    if place.live:
        yield replace(place, live={})
    for code, dossier in place.dossiers.items():
        yield replace(place, dossiers={key: value for key, value in place.dossiers.items() if key != code})
        size = len(dossier.records)
        step = size
        while step:
            for start in range(0, size, step):
                records = dossier.records[:start] + dossier.records[start + step :]
                yield replace(place, dossiers={**place.dossiers, code: replace(dossier, records=records)})
            step //= 2


def _cuts(selections: list[Selection], document: Document) -> Iterator[list[Selection]]:
    """Selections with one node gone, put in place of its fragment, or made plainer."""
    for index, node in enumerate(selections):
        head, tail = selections[:index], selections[index + 1 :]
        if head or tail:
            yield [*head, *tail]
        if isinstance(node, Spread):
            fragment = document.fragments[node.fragment]
            yield [*head, Inline(condition=fragment.condition, selections=copied(fragment.selections)), *tail]
        if node.directives:
            yield [*head, replace(node, directives=()), *tail]
        if isinstance(node, Field):
            for name in node.arguments:
                rest = {key: value for key, value in node.arguments.items() if key != name}
                yield [*head, replace(node, arguments=rest), *tail]
        if not isinstance(node, Spread) and node.selections:
            for inner in _cuts(node.selections, document):
                yield [*head, replace(node, selections=inner), *tail]


def explained(found: Difference) -> str:
    """Shrink *found* and write it down, with a test to keep."""
    kind = found.told.split(":")[0].split(" at ")[0]
    case = case_of(found)
    if _told(case) is None:
        # It needs what the compiled side had kept from the questions before.
        return _written(case, found.told, note="It shows only after the questions before it: run the world again.")

    def still(smaller: Case) -> bool:
        told = _told(smaller)
        return told is not None and told.startswith(kind)

    case = shrunk(case, still)
    return _written(case, _told(case) or found.told, note="")


def _written(case: Case, told: str, *, note: str) -> str:
    place = case.place
    kept = {code: [record.key for record in dossier.records] for code, dossier in place.dossiers.items()}
    variables = {name: plain(value) for name, value in case.variables.items()}
    asker = next((index for index, each in enumerate(place.askers) if each.standing == case.asker.standing), 0)
    return "\n".join(
        (
            told,
            note,
            f"world {place.seed}, odd: {place.is_odd}, policy {place.ground.policy.digest}",
            f"standing: {case.asker.standing}",
            f"records: {kept}, live: {bool(place.live)}",
            "",
            _TEST.format(
                seed=place.seed,
                asker=asker,
                kept=kept,
                is_live=bool(place.live),
                document=case.document.text(),
                variables=variables,
                operation=case.operation_name,
            ),
        )
    )


_TEST = """
    def test_world_{seed}_is_answered_alike(self, ground: Ground) -> None:
        place = cut_place(build_place(ground, {seed}), keep={kept!r}, live={is_live})
        question = Question(
            text={document!r},
            operation_name={operation!r},
            variables={variables!r},
        )

        assert told_apart(place, place.askers[{asker}], question) is None
"""


def piece(seed: int, documents: int) -> tuple[Tally, str | None]:
    """Run *documents* documents from the world *seed* on; explain the difference, if there is one."""
    try:
        return run(build_ground(), seed, documents), None
    except DifferentError as found:
        return Tally(), explained(found.difference)


def cut_place(place: Place, *, keep: dict[str, list[str]], live: bool) -> Place:
    """Leave in *place* only the records whose keys *keep* names, by subject; used by kept tests."""
    dossiers = {
        code: replace(dossier, records=tuple(each for each in dossier.records if each.key in keep[code]))
        for code, dossier in place.dossiers.items()
        if code in keep
    }
    return replace(place, dossiers=dossiers, live=place.live if live else {})
