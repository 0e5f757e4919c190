"""The badge: the verdict in one line, as SVG for a README."""

from typing import Final

from conformance.verdicts import Report

_LABEL: Final = "logto connector"
_GREEN: Final = "#2e7d32"
_RED: Final = "#b3261e"
_WIDE: Final = frozenset("mwMW")
_NARROW: Final = frozenset("fijlrt.:·() I1")
_PADDING: Final = 6

_SVG: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">
  <title>{title}</title>
  <rect width="{width}" height="20" rx="3" fill="#444"/>
  <path d="M{label_width} 0h{straight}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{straight}z" fill="{colour}"/>
  <g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
    <text x="{label_middle}" y="14" textLength="{label_length}">{label}</text>
    <text x="{value_middle}" y="14" textLength="{value_length}">{value}</text>
  </g>
</svg>
"""
"""It has no ids, so that one page can embed several."""


def to_badge(report: Report) -> str:
    """Return the verdict as SVG. After a run of only some checks, it shows how many."""
    value = _value(report)
    label_length, value_length = _length(_LABEL), _length(value)
    label_width, value_width = (length + 2 * _PADDING for length in (label_length, value_length))
    return _SVG.format(
        width=label_width + value_width,
        title=f"{_LABEL}: {value}",
        label=_LABEL,
        value=value,
        colour=_GREEN if report.conforms else _RED,
        label_width=label_width,
        straight=value_width - 3,
        label_length=label_length,
        value_length=value_length,
        label_middle=label_width // 2,
        value_middle=label_width + value_width // 2,
    )


def _value(report: Report) -> str:
    if report.spec_errors:
        return "error in the Spec"
    if not report.results:
        return "no check ran"
    if report.errors:
        return "1 error" if len(report.errors) == 1 else f"{len(report.errors)} errors"
    return f"conforms · {len(report.results)} of {report.available} checks" if report.is_partial else "conforms"


def _length(text: str) -> int:
    """Estimate the width of a text in pixels; the SVG stretches the text to that width in any font."""
    return sum(11 if it in _WIDE else 4 if it in _NARROW else 7 for it in text)
