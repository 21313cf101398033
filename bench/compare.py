"""Rows that compare two contestants of one run, round by round."""

import statistics

from bench.measure import Turn, Turns
from bench.report import Row, number

Bounds = tuple[float, float] | tuple[None, None]
_NONE: Bounds = (None, None)
_SATURATED = 0.95


def rate(turn: Turn) -> float:
    """Answers per second."""
    return turn.rate


def cpu(turn: Turn) -> float:
    """CPU microseconds of the server per answer."""
    return turn.cpu_us


def latency(turn: Turn) -> float:
    """Median milliseconds."""
    return turn.median_ms


def rate_row(
    part: str,
    turns: Turns,
    pair: tuple[str, str],
    what: str,
    *,
    bounds: Bounds = _NONE,
    note: str = "",
    short: str = "",
) -> Row:
    """Answers per second of the first ÷ of the second: more is better."""
    missing = [name for name in pair if name not in turns.by_name]
    if missing:
        note = f"{missing[0]} was not there"
        return Row(part=part, what=what, at_least=bounds[0], towards=bounds[1], note=note, short=short)
    ours, other = pair
    return Row(
        part=part,
        what=what,
        short=short,
        values=turns.ratios(ours, other, rate),
        at_least=bounds[0],
        towards=bounds[1],
        figures=f"{turns.median(ours, rate):,.0f} ÷ {turns.median(other, rate):,.0f} answers/s, "
        f"CPU {turns.median(ours, cpu):,.0f} and {turns.median(other, cpu):,.0f} µs each: "
        f"{number(statistics.median(turns.ratios(other, ours, cpu)))}× by CPU",
        note="; ".join(part for part in (note, _paced(turns, ours)) if part),
    )


def _paced(turns: Turns, name: str) -> str:
    """Say so where not the server but what loads it was at its limit."""
    busy = turns.median(name, lambda turn: turn.others_busy)
    return f"the core of the load was {busy:.0%} busy" if busy > _SATURATED else ""


def cpu_row(
    part: str, turns: Turns, pair: tuple[str, str], what: str, *, bounds: Bounds = _NONE, short: str = ""
) -> Row:
    """CPU per answer of the first ÷ of the second: less is better."""
    ours, other = pair
    return Row(
        part=part,
        what=what,
        short=short,
        values=turns.ratios(ours, other, cpu),
        at_least=bounds[0],
        towards=bounds[1],
        sense="<=",
        figures=f"{turns.median(ours, cpu):,.0f} ÷ {turns.median(other, cpu):,.0f} µs per answer",
    )
