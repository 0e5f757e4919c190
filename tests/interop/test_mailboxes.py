"""Mailboxes are parsed and sanitized as in the official kit."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connector_kit import (
    format_mailbox,
    parse_send_from,
    sanitize_mailbox_address,
    sanitize_mailbox_display_name,
    strip_header_control_chars,
)
from tests.interop.cases.mailboxes import ADDRESSES, FORMATTED, NAMES, READ, STRIPPED
from tests.interop.recording import CaseSet, Official


def _parsed(case: Mapping[str, Any]) -> dict[str, str]:
    mailbox = parse_send_from(case["value"], case["email"], case["name"])
    return {"email": mailbox.email} | ({} if mailbox.name is None else {"name": mailbox.name})


@pytest.mark.parametrize(
    ("case_set", "answer"),
    [
        (STRIPPED, lambda case: strip_header_control_chars(case["value"])),
        (NAMES, lambda case: sanitize_mailbox_display_name(case["value"])),
        (ADDRESSES, lambda case: sanitize_mailbox_address(case["value"])),
        (FORMATTED, lambda case: format_mailbox(case["email"], case["name"])),
        (READ, _parsed),
    ],
    ids=lambda it: getattr(it, "operation", ""),
)
def test_mailbox_functions_equal_the_official_ones(
    case_set: CaseSet, answer: Callable[[Mapping[str, Any]], object], official: Official
) -> None:
    """Each of the five mailbox functions returns the official answer, character for character."""
    answers = official.answers(case_set)
    ours = [answer(case) for case in answers.cases]
    assert [answers.report(index, ours[index]) for index in answers.differences(ours)] == []
