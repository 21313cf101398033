"""
Cuts a difference down: the fewest changes and questions that a simple search finds for it, on hubs started afresh.

A pair of hubs that were told apart stays apart, since their logs differ; one that was not is asked again.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from tests.interference.questions import Question, written
from tests.interference.runs import Difference, told_apart
from tests.interference.stage import Stage, staged
from tests.interference.twin import Twin

PROBES = 40
"""Most times that hubs are asked while cutting."""


class _Prober:
    """Asks pairs of hubs about twins, starting a new pair when the last one was told apart."""

    def __init__(self, found: Difference, leak: str) -> None:
        self._found = found
        self._leak = leak
        self._stack = ExitStack()
        self._stage: Stage | None = None
        self.left = PROBES

    def tells_apart(self, twin: Twin, questions: Sequence[Question]) -> str | None:
        """Ask *questions* about *twin*; where the answers differ, if they do."""
        self.left -= 1
        found = self._found
        stage = self._stage = self._stage or self._stack.enter_context(staged(found.scene, leak=self._leak))
        stage.second.rows.put(twin.dossiers.values(), twin.gone)
        token = stage.token(found.asker.partner) if found.asker.partner else None
        for question in questions:
            told = told_apart(*stage.ask(written(question, found.asker, token, stage.number + 1)))
            if told is not None:
                self.close()
                return told
        dossiers = found.scene.world.dossiers
        stage.second.rows.put(dossiers[code] for code in (*twin.dossiers, *twin.gone))
        return None

    def close(self) -> None:
        self._stack.close()
        self._stage = None


def shrunk(found: Difference, leak: str = "") -> Difference:
    """Cut *found* down; it comes back as it is if hubs started afresh answer alike."""
    prober = _Prober(found, leak)
    try:
        told = None
        questions = list(found.questions)
        for questions in (found.questions[-1:], found.questions[-5:], found.questions):
            told = prober.tells_apart(found.twin, questions)
            if told is not None:
                break
        if told is None:
            return found
        best = replace(found, questions=questions, told=told)
        smaller = True
        while smaller and prober.left > 0:
            smaller = False
            for twin in _smaller(best):
                if prober.left <= 0:
                    break
                told = prober.tells_apart(twin, best.questions)
                if told is not None:
                    best, smaller = replace(best, twin=twin, told=told), True
                    break
        return best
    finally:
        prober.close()


def _smaller(found: Difference) -> Iterator[Twin]:
    """Twins with fewer subjects changed, then with fewer rows of one."""
    twin = found.twin
    codes = [*twin.dossiers, *twin.gone]
    for half in (codes[: len(codes) // 2], codes[len(codes) // 2 :]):
        if 0 < len(half) < len(codes):
            yield _only(twin, set(half))
    for code in codes if len(codes) > 1 else ():
        yield _only(twin, set(codes) - {code})
    for code, held in twin.dossiers.items():
        before = found.scene.world.dossiers[code]
        kept = {(record.kind, record.key): record for record in before.records}
        changed = [record for record in held.records if kept.get((record.kind, record.key)) != record]
        for record in changed:
            key = (record.kind, record.key)
            rows = [kept.get(key) if each is record else each for each in held.records]
            dossier = replace(held, records=tuple(each for each in rows if each is not None), memo={})
            rest = [change for change in twin.changes if (change.code, change.row) != (code, key)]
            yield Twin(dossiers={**twin.dossiers, code: dossier}, gone=twin.gone, changes=rest)


def _only(twin: Twin, codes: set[str]) -> Twin:
    return Twin(
        dossiers={code: held for code, held in twin.dossiers.items() if code in codes},
        gone=twin.gone & codes,
        changes=[change for change in twin.changes if change.code in codes],
    )


def explained(found: Difference) -> str:
    """Tell a difference so that it can be met again."""
    lines = [
        f"scene {found.scene.seed}, policy {found.scene.policy.digest}",
        f"asker: {found.asker.name}",
        f"told apart: {found.told}",
        "hidden from the asker, and changed in the second hub:",
        *(f"    {change}"[:400] for change in found.twin.changes[:40]),
        f"asked ({len(found.questions)}), the last one told them apart:",
        *(f"    {question}"[:3000] for question in found.questions[-3:]),
    ]
    return "\n".join(lines)
