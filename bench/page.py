"""
Writes what a run found into the docs: the block between the markers of docs/bench.md, and the chart docs/bench.svg.

The chart is plain SVG with a style sheet for light and dark; a bar is a ratio on a logarithmic scale, so that twice as
good and half as good are equally long, and bounds are marks on it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

from bench.report import Row, markdown, number

DOCS = Path(__file__).parent.parent / "docs"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
_WIDTH, _LEFT, _RIGHT, _STEP, _TOP = 960, 360, 860, 34, 64
_TITLE = "Ratios of the bench, with the bounds they are held to"
_LEGEND = "Solid mark: the bound. Dashed mark: the aim. Dotted line: 1. Where a label ends in ↓, less is better."
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .small { font-size: 11px; fill: #59636e }
.met { fill: #1a7f37 } .missed { fill: #bc4c00 } .one { stroke: #59636e; stroke-dasharray: 3 3 }
.bound { stroke: #1f2328; stroke-width: 2 } .aim { stroke: #1f2328; stroke-width: 2; stroke-dasharray: 2 2 }
@media (prefers-color-scheme: dark) {
 text { fill: #e6edf3 } .small { fill: #9198a1 } .met { fill: #3fb950 } .missed { fill: #f0883e }
 .one { stroke: #9198a1 } .bound, .aim { stroke: #e6edf3 }
}"""


def write_page(rows: Sequence[Row], about: Mapping[str, str]) -> None:
    """
    Rewrite the block and the chart.

    Raises:
        RuntimeError: docs/bench.md has lost its markers.
    """
    page = DOCS / "bench.md"
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise RuntimeError(f"docs/bench.md: expected the markers {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{about['words']}\n\n{markdown(rows)}\n{END}{after}", encoding="utf-8")
    (DOCS / "bench.svg").write_text(chart(rows), encoding="utf-8")


def chart(rows: Sequence[Row]) -> str:
    """Bars of the rows that have bounds."""
    shown = [row for row in rows if row.value is not None and row.at_least is not None]
    ends = [each for row in shown for each in (row.value, row.at_least, row.towards, 1.0) if each]
    low, high = math.log10(min(ends, default=1.0)) - 0.05, math.log10(max(ends, default=1.0)) + 0.05

    def x(value: float) -> float:
        return _LEFT + (math.log10(value) - low) / (high - low) * (_RIGHT - _LEFT)

    height = _TOP + _STEP * len(shown) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{_TITLE}">',
        f"<style>{_STYLE}</style>",
        '<text x="12" y="24" font-weight="600">Ours ÷ theirs, logarithmic</text>',
        f'<text x="12" y="44" class="small">{_LEGEND}</text>',
        f'<line x1="{x(1):.1f}" x2="{x(1):.1f}" y1="{_TOP - 6}" y2="{height - 24}" class="one"/>',
    ]
    for place, row in enumerate(shown):
        parts += _bar(row, _TOP + place * _STEP, x)
    return "\n".join([*parts, "</svg>", ""])


def _bar(row: Row, y: int, x: Callable[[float], float]) -> list[str]:
    value, bound = row.value or 1.0, row.at_least or 1.0
    start, end = sorted((x(1.0), x(value)))
    state = "missed" if "MISSED" in row.verdict else "met"
    label = escape(row.what + (" ↓" if row.sense == "<=" else ""))
    shown = escape((row.short or row.what) + (" ↓" if row.sense == "<=" else ""))
    told = f"{number(value)}{'' if row.unit == '×' else ' '}{row.unit} {'✗' if state == 'missed' else '✓'}"
    return [
        f'<text x="{_LEFT - 10}" y="{y + 15}" text-anchor="end">{shown}<title>{label}</title></text>',
        f'<rect x="{start:.1f}" y="{y + 2}" width="{max(end - start, 1.5):.1f}" height="18" rx="2" class="{state}"/>',
        _mark(x(bound), y, "bound"),
        *([_mark(x(row.towards), y, "aim")] if row.towards is not None else []),
        f'<text x="{_RIGHT + 8}" y="{y + 15}">{told}</text>',
    ]


def _mark(x: float, y: int, kind: str) -> str:
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 1}" y2="{y + 23}" class="{kind}"/>'
