"""Whether two answers are one: the same bytes, the same errors, the same words for the log."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import orjson

from keys.canonical import canonical_json
from tests.equality.road import Told


def difference(reference: Told, compiled: Told) -> str | None:
    """Say in one line where *compiled* departs from *reference*, None if nowhere."""
    if reference.refusal != compiled.refusal:
        return f"refusal: expected {reference.refusal}, got {compiled.refusal}"
    if reference.refusal is not None:
        return None
    if reference.plain != compiled.plain:
        return _first_difference("data", reference.plain, compiled.plain)
    if reference.canonical != compiled.canonical:
        return _first_difference("canonical", reference.canonical, compiled.canonical)
    for name, one, other in (
        ("errors", errors_of(reference), errors_of(compiled)),
        ("served", dict.fromkeys(reference.served), dict.fromkeys(compiled.served)),
        ("masked", reference.masked, compiled.masked),
        ("denied", reference.denied, compiled.denied),
    ):
        if one != other:
            return f"{name}: {_apart(one, other)}"
    return None


def fault_of(reference: Told, *, is_odd: bool) -> str | None:
    """Say what is wrong with the reference's own answer, None if nothing is."""
    if reference.refusal is not None:
        return None
    if reference.faults and not is_odd:
        return f"fault: expected none, got {', '.join(reference.faults)}"
    if canonical_json(orjson.loads(reference.plain)) != reference.canonical:
        return "canonical: it is not the canonical form of what is sent"
    return None


def errors_of(told: Told) -> Counter[tuple[object, ...]]:
    """Count the errors by what is promised of them: code, coordinate, count, path, message."""
    return Counter(_error(error) for error in told.errors)


def _error(error: dict[str, Any]) -> tuple[object, ...]:
    extensions = error.get("extensions", {})
    return (
        extensions.get("code"),
        extensions.get("coordinate"),
        extensions.get("count"),
        tuple(error.get("path") or ()),
        error.get("message"),
    )


def _apart(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> str:
    missing = [item for item in one.items() if item not in other.items()]
    beyond = [item for item in other.items() if item not in one.items()]
    return f"missing {missing[:5]}, beyond {beyond[:5]}"


def _first_difference(name: str, expected: bytes, got: bytes) -> str:
    pairs = enumerate(zip(expected, got, strict=False))
    place = next((index for index, (one, other) in pairs if one != other), min(len(expected), len(got)))
    around = slice(max(0, place - 60), place + 60)
    return f"{name} at byte {place}: expected {expected[around]!r}, got {got[around]!r}"
