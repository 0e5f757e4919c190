"""Documents of e-mails, each at a URL that nobody can guess.

A preview is not the ``srcdoc`` of a frame, because such a document has the Content-Security-Policy of its page, too. That
one forbids the inline styles that every e-mail has. Served from a URL, the document has a policy of its own, and the
page's policy stays strict.
"""

import re
import secrets
from collections import OrderedDict
from typing import Final

from attrs import frozen
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_MOST: Final = 32
"""How many documents are kept. The page shows one at a time."""

_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:{images}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""No scripts, no forms, no frames, no fonts; remote images if the user allows them for this preview."""

_FRAME: Final = re.compile(r"<(?=i?frame[\s/>])", re.IGNORECASE)
"""The start of a frame. Chromium connects to its server before the policy prevents the request."""


@frozen
class _Preview:
    html: str
    has_images: bool


class Previews:
    """The latest documents, by their id."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, _Preview] = OrderedDict()

    def add(self, html: str, *, has_images: bool) -> str:
        """Keep a document, and return its URL.

        Args:
            html: of an e-mail; any text.
            has_images: whether it may load images from other servers.
        """
        name = secrets.token_urlsafe(16)
        self._documents[name] = _Preview(html, has_images)
        while len(self._documents) > _MOST:
            self._documents.popitem(last=False)
        return f"/preview/{name}"

    async def show(self, request: Request) -> Response:
        """Respond with a document."""
        document = self._documents.get(request.path_params["name"])
        if document is None:
            raise HTTPException(404)
        content = document.html.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # UTF-8 has no lone ones
        content = _FRAME.sub("<x-", content)
        policy = _POLICY.format(images=" http: https:" if document.has_images else "")
        return HTMLResponse(content, headers={"Content-Security-Policy": policy})
