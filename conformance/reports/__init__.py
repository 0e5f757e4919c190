"""A report as text: a page to read, JUnit's XML for a build server, a badge. JSON is `Report.to_json`."""

from conformance.reports.badge import to_badge
from conformance.reports.html import to_html
from conformance.reports.junit import to_junit

__all__ = ["to_badge", "to_html", "to_junit"]
