"""The form of Logto Console: what its controls start with, what it shows, rejects and submits."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.workbench import application

MODULE = Path(application.__file__).parent / "web" / "console_form.js"
ITEMS: list[dict[str, Any]] = [
    {"type": "Text", "key": "name", "label": "Name", "required": True, "defaultValue": "x"},
    {"type": "Number", "key": "port", "label": "Port"},
    {"type": "Switch", "key": "flag", "label": "Flag", "required": True},
    {"type": "MultiSelect", "key": "scopes", "label": "Scopes", "selectItems": [{"value": "a"}]},
    {"type": "Json", "key": "auth", "label": "Auth", "defaultValue": {"a": [1]}},
    {
        "type": "Text",
        "key": "detail",
        "label": "Detail",
        "required": True,
        "showConditions": [{"targetKey": "flag", "expectValue": True}],
    },
]


def evaluate(expression: str) -> Any:
    """Return the JSON of a JavaScript expression that uses the module's functions as ``form.…``."""
    node = shutil.which("node")
    if node is None and not os.environ.get("CI"):
        pytest.skip("Node.js is not installed")
    assert node is not None, "CI needs Node.js"
    code = f"import * as form from {json.dumps(MODULE.as_uri())}; const items = {json.dumps(ITEMS)};"
    code += f"console.log(JSON.stringify({expression}));"
    ended = subprocess.run([node, "--input-type=module", "-e", code], capture_output=True, text=True, check=True)
    return json.loads(ended.stdout)


def test_new_form_starts_from_defaults_and_an_edited_one_from_the_config() -> None:
    config = {"name": None, "port": "587", "other": 1}
    new, edited = evaluate(f"[form.initialValues(items, null), form.initialValues(items, {json.dumps(config)})]")
    assert new == {"name": "x", "auth": '{\n  "a": [\n    1\n  ]\n}'}
    assert edited == {"port": "587", "scopes": [], "auth": "{}"}


def test_submitted_config_is_without_empty_texts_and_unknown_numbers() -> None:
    """JSON that cannot be parsed becomes {}; a hidden item is submitted, too; other keys are dropped."""
    values = "{name: '', port: '587', flag: false, scopes: [], auth: '{', detail: 'hidden', other: 1}"
    submitted, without_number, dropped = evaluate(
        f"[form.submittedConfig(items, {values}), form.submittedConfig(items, {{port: NaN, auth: undefined}}), "
        "form.droppedKeys(items, {name: 1, other: 1})]"
    )
    assert submitted == {"port": 587, "flag": False, "scopes": [], "auth": {}, "detail": "hidden"}
    assert without_number == {}
    assert dropped == ["other"]


def test_required_and_unreadable_fields_are_rejected_unless_they_are_hidden() -> None:
    hidden, shown = evaluate(
        "[form.rejections(items, {name: '', auth: '{'}), form.rejections(items, {name: 'x', auth: '1', flag: true})]"
    )
    assert hidden.keys() == {"name", "auth"}
    assert hidden["name"] == "Console does not submit the form: this field is required."
    assert hidden["auth"].startswith("Console does not submit the form: this is not JSON.")
    assert shown.keys() == {"detail"}


def test_texts_are_masked_by_their_flag_or_else_by_their_key() -> None:
    items = [
        {"type": "Text", "key": "accessKeySecret"},
        {"type": "Text", "key": "accessKeyId"},
        {"type": "Text", "key": "apiKey", "isConfidential": False},
        {"type": "Text", "key": "token", "isConfidential": True},
        {"type": "MultilineText", "key": "privateKey"},
    ]
    assert evaluate(f"{json.dumps(items)}.map(form.isMasked)") == [True, False, False, True, False]
