"""One table of ratios: what was measured beside what, and whether it holds what DESIGN 10 asks for."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Sense = Literal[">=", "<="]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line.

    Attributes:
        part: Which part of the bench it is of.
        what: The ratio in words, `ours ÷ theirs`.
        values: The ratio of each round; empty: not measured, and `note` says why.
        at_least, towards: Bounds of DESIGN 10; None where it sets none.
        sense: Whether more or less is better.
        unit: `×` for a ratio; else the unit of a plain figure.
        figures: The plain figures behind it.
        note: Anything a reader must know.
        short: Label in the chart, where *what* is too long.
    """

    part: str
    what: str
    values: Sequence[float] = ()
    at_least: float | None = None
    towards: float | None = None
    sense: Sense = ">="
    unit: str = "×"
    figures: str = ""
    note: str = ""
    short: str = ""

    @property
    def value(self) -> float | None:
        """The median."""
        return statistics.median(self.values) if self.values else None

    @property
    def verdict(self) -> str:
        """MET, or MISSED and by how much; nothing where no bound is set."""
        if self.value is None:
            return "NOT MEASURED"
        if self.at_least is None:
            return ""
        if not self.holds(self.at_least):
            return f"MISSED by {self.gap():.2f}×"
        if self.towards is not None and self.holds(self.towards):
            return "MET, the aim too"
        return "MET"

    @property
    def is_good(self) -> bool:
        """Whether it was measured, and its bound, if it has one, held."""
        return bool(self.values) and "MISSED" not in self.verdict

    def holds(self, bound: float) -> bool:
        """Whether the median is on the right side of *bound*."""
        value = self.value
        return value is not None and (value >= bound if self.sense == ">=" else value <= bound)

    def gap(self) -> float:
        """How many times better it would have to be."""
        value, bound = self.value or 0.0, self.at_least or 0.0
        if not value or not bound:
            return float("inf")
        return bound / value if self.sense == ">=" else value / bound

    def as_json(self) -> dict[str, Any]:
        """For the results file."""
        return {**asdict(self), "value": self.value, "verdict": self.verdict}


def number(value: float) -> str:
    """Three figures that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cells(row: Row) -> tuple[str, str, str, str, str]:
    """Ratio with its spread, bound, aim, verdict, figures."""
    if row.value is None:
        shown = "-"
    else:
        shown = f"{number(row.value)}{'' if row.unit == '×' else ' '}{row.unit}"
        if len(row.values) > 1:
            shown += f" ({number(min(row.values))}-{number(max(row.values))})"
    sense = "≤ " if row.sense == "<=" else ""
    bound = f"{sense}{row.at_least:g}" if row.at_least is not None else ""
    aim = f"{sense}{row.towards:g}" if row.towards is not None else ""
    return shown, bound, aim, row.verdict, "; ".join(part for part in (row.figures, row.note) if part)


HEADINGS = ("what", "measured (range)", "at least", "towards", "", "figures")


def markdown(rows: Sequence[Row]) -> str:
    """The table for the docs."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    lines += ["| " + " | ".join((row.what, *cells(row))) + " |" for row in rows]
    return "\n".join(lines)


def text(rows: Sequence[Row]) -> str:
    """The table for a terminal: ratios first, figures under each."""
    lines: list[str] = []
    part = ""
    for row in rows:
        if row.part != part:
            part = row.part
            lines += ["", part.upper()]
        shown, bound, aim, verdict, figures = cells(row)
        wanted = f"  [{'' if row.sense == '<=' else 'at least '}{bound}, towards {aim}]" if bound else ""
        lines.append(f"  {shown:26} {verdict:20} {row.what}{wanted}")
        if figures:
            lines.append(f"  {'':26} {'':20} {figures}")
    return "\n".join(lines)
