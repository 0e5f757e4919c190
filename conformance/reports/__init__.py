"""Formats of a report: an HTML page, JUnit XML for a CI server, an SVG badge. For JSON see `Report.to_json`."""

from conformance.reports.badge import to_badge
from conformance.reports.html import to_html
from conformance.reports.junit import to_junit
from conformance.reports.links import clause_url, contract_url

__all__ = ["clause_url", "contract_url", "to_badge", "to_html", "to_junit"]
