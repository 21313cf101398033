"""
Does a test notice when a decision is wrong? Every decision point is made wrong, one at a time, and the tests are run.

    python -m tests.mutation [--jobs N] [--only TEXT]

Exit code 0 if every mutant is caught or listed as equivalent below; 1 and the list of survivors otherwise. The tests
are imported once, and each mutant is a fork with one function's code exchanged, so a mutant costs about a second.
"""

import argparse
import ast
import contextlib
import gc
import importlib
import os
import resource
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from tests.mutants import Mutant, mutants_of

ROOT = Path(__file__).parent.parent
_OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
MUTANT_S = 120
"""CPU seconds after which a mutant counts as caught: it does not end."""


@dataclass(frozen=True, slots=True)
class Target:
    """A module, the tests that must catch its mutants (quickest first), and the places that decide (None: all)."""

    file: str
    tests: tuple[str, ...]
    places: frozenset[str] | None = None


_POLICY = tuple(
    f"tests/schema/policy/test_{name}.py"
    for name in ("decide", "fields", "order_of_refusals", "matrix", "purposes", "compartments")
)
_RENDER = tuple(
    f"tests/schema/render/test_{name}.py" for name in ("decisions", "values", "records", "roots", "compiled", "collect")
)
TARGETS = (
    Target("schema/policy/decide.py", (*_POLICY, "tests/schema/policy/test_decide_laws.py")),
    Target(
        "schema/plan/decider.py",
        (
            "tests/schema/plan/test_decider.py",
            "tests/schema/policy/test_fields.py",
            "tests/schema/plan/test_compile.py",
            _RENDER[0],
        ),
    ),
    Target("schema/plan/judge.py", ("tests/schema/plan/test_judge.py",)),
    Target("schema/plan/essence.py", ("tests/schema/plan/test_essence.py",)),
    Target(
        "schema/render/write.py",
        _RENDER,
        frozenset({"_field", "Writer._subject", "Writer._record", "Writer._telling", "Writer._show"}),
    ),
    Target("schema/render/compiled.py", _RENDER, frozenset({"Compiled._told", "Compiled._denied"})),
)

EQUIVALENT: dict[str, str] = {
    f"schema/{file} {change}": reason
    for file, reason, changes in (
        (
            "policy/decide.py",
            "a tier that the public may read lies within every ceiling",
            ["_BOUND_BY_CEILING: {Audience.PUB, Audience.IND, Audience.GOV} -> {Audience.IND, Audience.GOV}"],
        ),
        (
            "policy/decide.py",
            "facts are a set: in what order they are added does not matter",
            [
                "possible_facts: if standing.organisation is not None -> after if standing.regions",
                (
                    "possible_facts: if standing.regions -> after "
                    "if any((consent.purpose == standing.purpose for consent in standing.consents))"
                ),
                (
                    "possible_facts: if any((consent.purpose == standing.purpose for consent in standing.consents))"
                    " -> after if standing.grants"
                ),
                (
                    "_asked_for: [purpose.needs_always, *purpose.needs.values()]"
                    " -> [*purpose.needs.values(), purpose.needs_always]"
                ),
            ],
        ),
        (
            "plan/decider.py",
            "a mark that is no mask: whatever the word",
            ["DENY: 'deny' -> 'mutant'", "Deny: 'deny' -> 'mutant'"],
        ),
        (
            "plan/decider.py",
            "a memory: without it the same is worked out again",
            [
                "Decider.manner: if found is None -> if True",
                (
                    "Decider.is_countable: found = self._countable.get(kind)"
                    " -> found = any((not isinstance(self.row(row), Denied) for row in self._possible_rows(kind)))"
                ),
                "Decider.is_countable: if found is None -> if True",
                "Decider.is_countable: self._countable[kind] = found -> nothing",
            ],
        ),
        (
            "plan/decider.py",
            "where consent or grant is possible, every category is covered, so the fact is added back for each",
            [
                "Decider._possible_rows: self._possible - {Fact.CONSENT, Fact.GRANTED} -> self._possible",
                "Decider._possible_rows: {Fact.CONSENT, Fact.GRANTED} -> {Fact.GRANTED}",
                "Decider._possible_rows: {Fact.CONSENT, Fact.GRANTED} -> {Fact.CONSENT}",
            ],
        ),
        (
            "plan/decider.py",
            "a denied row is not listed either, and is told by the same rule and tier",
            ["Decider._static_cells: if isinstance(existence, Denied) -> if False"],
        ),
        (
            "plan/decider.py",
            "a join does not depend on the order",
            [
                "Decider._decide_cell: [row.tier, entry.tier, told.tier] -> [entry.tier, row.tier, told.tier]",
                "Decider._decide_cell: [row.tier, entry.tier, told.tier] -> [row.tier, told.tier, entry.tier]",
            ],
        ),
        (
            "plan/decider.py",
            "where no grant is possible there is none, or no rule asks for one",
            [
                (
                    "Decider._possible_rows: self.standing.grants if Fact.GRANTED in self._possible else ()"
                    " -> self.standing.grants if True else ()"
                ),
            ],
        ),
        (
            "plan/judge.py",
            "asked whether one of them is the asker, or joined: the order does not matter",
            [
                "row_class: (record.owner, record.authority) -> (record.authority, record.owner)",
                (
                    "row_class: (policy.tiers[placement.category], placement.tier)"
                    " -> (placement.tier, policy.tiers[placement.category])"
                ),
                (
                    "subject_class: (policy.tiers.get(Category.C01, Tier.R), basis.tier)"
                    " -> (basis.tier, policy.tiers.get(Category.C01, Tier.R))"
                ),
                "row_class: if _is_in_compartment(standing, record.region, sector) -> after if record.published",
                (
                    "labelled: (placement.tier, label.tier, Tier.P if is_within else Tier.R)"
                    " -> (label.tier, placement.tier, Tier.P if is_within else Tier.R)"
                ),
                (
                    "labelled: (placement.tier, label.tier, Tier.P if is_within else Tier.R)"
                    " -> (placement.tier, Tier.P if is_within else Tier.R, label.tier)"
                ),
                "_granted: (None, source) -> (source, None)",
                "_granted: (None, subject) -> (subject, None)",
            ],
        ),
        ("plan/judge.py", "asked for its truth alone", ["_is_in_compartment: return False -> return None"]),
        ("plan/essence.py", "stands for any value: whatever the word", ["SAID: '*' -> 'mutant'"]),
        (
            "render/write.py",
            "a manner has one decision for each field of its kind, as `Decider.manner` makes it",
            ["Writer._show: True -> False"],
        ),
        (
            "render/write.py",
            "the two conditions exclude each other",
            [
                "_field: if how == DENY -> after if how is None",
                "_field: if spec.field.type is FieldType.TEXTS -> after if spec.field.type in _NUMBERS",
            ],
        ),
        ("render/write.py", "written into the text it is the same word", ["_field: return 'None' -> return None"]),
    )
    for change in changes
}
"""Mutant -> why no question can tell it from the original."""


def main() -> int:
    """Run the mutants and print the survivors."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--only", default="", help="only mutants whose text contains this")
    chosen = arguments.parse_args()
    began = time.monotonic()
    os.chdir(ROOT)
    _keep_ground()
    work = [(target, mutant) for target in TARGETS for mutant in _mutants(target) if chosen.only in mutant.key]
    for target in dict.fromkeys(target for target, _ in work):
        if _pytest(target.tests, quiet=False) or _is_deaf(target):
            sys.stderr.write(f"{target.file}: its tests fail without any mutant\n")
            return 1
    survivors = list(_survivors(work, chosen.jobs))
    stale = () if chosen.only else EQUIVALENT.keys() - {mutant.key for _, mutant in work}
    for heading, keys in (("not caught", survivors), ("listed as equivalent, but there is none", sorted(stale))):
        for key in keys:
            print(f"{heading}: {key}")  # noqa: T201  this is what it is for
    print(f"{len(work)} mutants, {len(survivors)} not caught, {time.monotonic() - began:.0f} s")  # noqa: T201
    return 1 if survivors or stale else 0


def _mutants(target: Target) -> Iterator[Mutant]:
    yield from mutants_of(target.file, (ROOT / target.file).read_text(encoding="utf-8"), target.places)


def _is_deaf(target: Target) -> bool:
    """Whether a child calls even the unchanged module wrong; then it would hear nothing of a mutant."""
    original = next(_mutants(target))
    tree = ast.parse((ROOT / target.file).read_text(encoding="utf-8"))
    unchanged = Mutant(target.file, original.place, "itself", "itself", tree)
    return not list(_survivors([(target, unchanged)], 1))


def _survivors(work: Iterable[tuple[Target, Mutant]], jobs: int) -> Iterator[str]:
    running: dict[int, str] = {}
    for target, mutant in work:
        if mutant.key in EQUIVALENT:
            continue
        if len(running) >= jobs:
            yield from _ended(running)
        sys.stdout.flush()
        process = os.fork()
        if process == 0:
            os._exit(_attempt(target, mutant))
        running[process] = mutant.key
    while running:
        yield from _ended(running)


def _ended(running: dict[int, str]) -> Iterator[str]:
    process, status = os.wait()
    key = running.pop(process)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
        yield key


def _attempt(target: Target, mutant: Mutant) -> int:
    """In a child: put *mutant* in and run the tests. 0 if none of them noticed."""
    resource.setrlimit(resource.RLIMIT_CPU, (MUTANT_S, MUTANT_S))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    try:
        _put_in(mutant)
    except Exception:  # noqa: BLE001  a module that cannot even be imported is noticed
        return 1
    # What the parent made is never looked through again.
    gc.freeze()
    gc.disable()
    return int(any(_pytest((tests,), quiet=True) for tests in target.tests))


def _put_in(mutant: Mutant) -> None:
    """Give the living function the mutant's code; a constant is exchanged wherever it was imported to."""
    module = importlib.import_module(mutant.file.removesuffix(".py").replace("/", "."))
    space: dict[str, Any] = {"__name__": module.__name__, "__file__": mutant.file}
    exec(compile(mutant.tree, mutant.file, "exec"), space)  # noqa: S102  our own source
    owner, _, name = mutant.place.rpartition(".")
    living = vars(getattr(module, owner) if owner else module)[name]
    made = vars(space[owner])[name] if owner else space[name]
    if not isinstance(living, FunctionType):
        for other in list(sys.modules.values()):
            if getattr(other, "__name__", "").startswith(("schema", "hub")) and vars(other).get(name) is living:
                setattr(other, name, made)
        return
    living.__code__ = made.__code__


def _pytest(tests: Sequence[str], *, quiet: bool) -> int:
    for name in [name for name in sys.modules if ".test_" in name]:
        # Hypothesis does not let one test be run by two sessions: they are made anew.
        del sys.modules[name]
    with open(os.devnull, "w") as nowhere, contextlib.ExitStack() as stack:  # noqa: PTH123
        if quiet:
            stack.enter_context(contextlib.redirect_stdout(nowhere))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        return int(pytest.main([*_OPTIONS, *tests]))


def _keep_ground() -> None:
    """Build the schema once for all mutants: no decision is made while it is built."""
    conftest = importlib.import_module("tests.schema.conftest")
    ground = conftest.build_ground()
    conftest.build_ground = lambda: ground  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
