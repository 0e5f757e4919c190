"""Charts as SVG: bars with the range of their rounds, and lines over two logarithmic axes."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final

from tests.benchmarks.runner import Series
from tests.benchmarks.tables import figure

_WIDTH: Final = 760
_LABELS: Final = 190
"""The width of the names at the left."""
_VALUES: Final = 90
"""The width that the values at the right need."""
_BAR: Final = 18
_HEADING: Final = 26
_MARGIN: Final = 14

# The colours of Okabe and Ito, which colour-blind people can tell apart. The chart has its own background: an <img> cannot
# know whether the page around it is light or dark, only what the system prefers.
_STYLE: Final = """<style>
.back { fill: #ffffff } text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600 }
.axis { stroke: #d1d9e0 } .range { stroke: #1f2328 }
.fill0 { fill: #0072b2 } .fill1 { fill: #e69f00 } .fill2 { fill: #009e73 } .fill3 { fill: #cc79a7 }
.line0 { stroke: #0072b2 } .line1 { stroke: #e69f00 } .line2 { stroke: #009e73 } .line3 { stroke: #cc79a7 }
@media (prefers-color-scheme: dark) {
.back { fill: #0d1117 } text { fill: #e6edf3 } .axis { stroke: #3d444d } .range { stroke: #e6edf3 }
.fill0 { fill: #56b4e9 } .line0 { stroke: #56b4e9 }
}
</style>"""


def bars(title: str, series: Sequence[Series]) -> str:
    """Return a chart with a group of bars for each case: the median of each contender, and the range of its rounds."""
    names = list(dict.fromkeys(it.contender for it in series))
    longest = max(max(it.values) for it in series)
    scale = (_WIDTH - _LABELS - _VALUES) / longest
    parts, y = [], _MARGIN + _HEADING
    for case in dict.fromkeys(it.case for it in series):
        parts.append(_text(_MARGIN, y + 14, case, "title"))
        y += _HEADING
        for it in (it for it in series if it.case == case):
            middle, end = y + _BAR / 2, _LABELS + max(it.values) * scale
            parts += [
                _text(_LABELS - 8, y + 14, it.contender, anchor="end"),
                _bar(names.index(it.contender), y, it.median * scale),
                _line("range", _LABELS + min(it.values) * scale, middle, end, middle),
                _text(end + 8, y + 14, figure(it.median)),
            ]
            y += _BAR
        y += _MARGIN
    return _document(title, y, parts)


def lines(title: str, series: Sequence[Series]) -> str:
    """Return a chart with a line for each case over the size of the work; both axes are logarithmic."""
    left, right, top, bottom = 70, _WIDTH - 250, _MARGIN + _HEADING, 330
    sizes = [it.size or 1 for it in series]
    x_of = _logarithmic(sizes, left, right)
    y_of = _logarithmic([it.median for it in series], bottom, top)
    parts = []
    for size in dict.fromkeys(sizes):
        x = x_of(size)
        parts += [_line("axis", x, top, x, bottom), _text(x, bottom + 18, f"{size:,}", anchor="middle")]
    for power in _powers([it.median for it in series]):
        y = y_of(power)
        parts += [_line("axis", left, y, right, y), _text(left - 8, y + 4, f"{power:,.10g}", anchor="end")]
    cases = list(dict.fromkeys(it.case for it in series))
    ends = _apart([y_of([it for it in series if it.case == case][-1].median) for case in cases])
    for index, case in enumerate(cases):
        points = [(x_of(it.size or 1), y_of(it.median)) for it in series if it.case == case]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line{index % 4}" points="{drawn}" fill="none" stroke-width="2"/>')
        parts += [_dot(index, x, y) for x, y in points]
        label = ends[index]
        parts += [_dot(index, right + 16, label), _text(right + 26, label + 4, case)]
    return _document(title, bottom + 34, parts)


def _apart(heights: Sequence[float]) -> list[float]:
    """Return the heights of labels, moved down where two would overlap."""
    moved, lowest = dict[int, float](), -math.inf
    for index in sorted(range(len(heights)), key=heights.__getitem__):
        lowest = moved[index] = max(heights[index], lowest + 16)
    return [moved[index] for index in range(len(heights))]


def _powers(values: Iterable[float]) -> list[float]:
    """Return the powers of ten in the range of the values."""
    exponents = [math.log10(value) for value in values]
    return [10.0**power for power in range(math.ceil(min(exponents)), math.floor(max(exponents)) + 1)]


def _logarithmic(values: Iterable[float], start: float, end: float) -> Callable[[float], float]:
    """Return a function from values to places: the smallest value is at the start, the largest at the end."""
    logarithms = [math.log(value) for value in values]
    lowest = min(logarithms)
    scale = (end - start) / ((max(logarithms) - lowest) or 1)
    return lambda value: start + (math.log(value) - lowest) * scale


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _bar(index: int, y: float, width: float) -> str:
    return f'<rect class="fill{index % 4}" x="{_LABELS}" y="{y + 2}" width="{width:.1f}" height="{_BAR - 4}"/>'


def _dot(index: int, x: float, y: float) -> str:
    return f'<circle class="fill{index % 4}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _document(title: str, height: float, parts: Iterable[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img">'
    back = f'<rect class="back" width="{_WIDTH}" height="{height:.0f}" rx="6"/>'
    body = [f"<title>{escape(title)}</title>", _STYLE, back, _text(_MARGIN, 24, title, "title"), *parts]
    return "\n".join([head, *body, "</svg>", ""])
