"""Who may use the workbench: the page that it serves, opened with this run's token, and no other page or program.

Other pages in the browser are kept out in three ways. The Host header has to be the server's own, so that a name that
was made to resolve to 127.0.0.1 is rejected (DNS rebinding). Origin and Sec-Fetch-Site have to be those of the server's
own page. And every request to the API needs the token of this run in a header, which another page neither knows nor may
set. The token is in the fragment of the URL that is printed: a browser sends the fragment to no server.
"""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API: Final = "/api/"

PAGE_POLICY: Final = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "connect-src 'self'; "
    "frame-src 'self'; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy of all responses that have none of their own."""

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "Cache-Control": "no-store",
}

_OWN_SITES: Final = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site: a request of the page itself, or of the user, who opens a URL."""


def new_token() -> str:
    """Return a random token for one run."""
    return secrets.token_urlsafe(32)


class AccessMiddleware:
    """Rejects requests that are not from the workbench's own page, and sets the security headers of all responses.

    Args:
        app: the application.
        hosts: the values of the Host header that are the server's own, such as ``127.0.0.1:8086``.
        token: of this run.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], token: str) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or reject it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        reason = self._reason_to_reject(Headers(scope=scope), scope["path"])
        app = self._app if reason is None else JSONResponse({"message": reason}, HTTPStatus.FORBIDDEN)
        await app(scope, receive, send_with_headers)

    def _reason_to_reject(self, headers: Headers, path: str) -> str | None:
        if headers.get("host") not in self._hosts:
            return "The Host header is not that of the workbench: open the URL that connector-kit dev prints."
        if path != "/" and not self._is_own_page(headers):  # a link to the page may be in a terminal in the browser
            return "The request is from another page."
        if path.startswith(API) and not self._has_token(headers):
            return "The token is missing or wrong: open the URL that connector-kit dev prints."
        return None

    def _is_own_page(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        is_own_origin = origin is None or (origin[:7] == "http://" and origin[7:] in self._hosts)
        return is_own_origin and headers.get("sec-fetch-site", "none") in _OWN_SITES

    def _has_token(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme == "Bearer" and secrets.compare_digest(token.encode("latin-1"), self._token)
