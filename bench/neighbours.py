"""What one request costs everybody else: the attacks of `tests/support/attacks.py`, while a neighbour asks on."""

import asyncio
import statistics
from collections.abc import Sequence

from bench.report import Row

_WHAT = "any request of at most 64 KB: delay of a neighbour's answer, worst of"
_ROUNDS, _ROUNDS_QUICK = 3, 1
_STEP_QUICK = 8


def neighbour_row(part: str, url: str, codes: Sequence[str], *, quick: bool) -> Row:
    """The worst attack's delay, in milliseconds."""
    try:
        from tests.support.attacks import attacks, neighbour_delay
    except ImportError as error:
        return _row(part, [], 0, note=str(error))

    async def measure() -> dict[str, list[float]]:
        seen: dict[str, list[float]] = {}
        for turn in range(_ROUNDS_QUICK if quick else _ROUNDS):
            for attack in attacks(codes)[:: _STEP_QUICK if quick else 1]:
                delay, _ = await neighbour_delay(url, attack, turn)
                seen.setdefault(attack.name, []).append(delay)
        return seen

    seen = asyncio.run(measure())
    worst = max(seen, key=lambda name: statistics.median(seen[name]))
    return _row(part, seen[worst], len(seen), note=f"worst: {worst}")


def _row(part: str, values: Sequence[float], count: int, note: str) -> Row:
    return Row(
        part=part,
        what=f"{_WHAT} {count} attacks",
        short="a neighbour's delay under attack",
        values=values,
        at_least=100,
        towards=20,
        sense="<=",
        unit="ms",
        note=note,
    )
