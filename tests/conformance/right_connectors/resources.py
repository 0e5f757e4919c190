"""Connectors that keep threads, connections and caches, and one that reports its usage in pages."""

import asyncio
import contextlib
import hashlib
import tempfile
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final

import urllib3
from attrs import field, frozen

from conformance import HttpRequest, HttpResponse, Spec
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    EmailConnector,
    Guard,
    Sms,
    SmsConnector,
    Template,
)
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.configs import Api, ApiProvider, EitherTemplate, mail, without_none
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    TOKEN,
    Http,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
    text,
)

_MAIL_TEMPLATES: Final = [{"usageType": kind, "subject": f"{kind}", "content": "<p>{{code}}</p>"} for kind in REQUIRED]

# --- threads, connections and caches --------------------------------------------------------------------------------


@frozen
class PooledConfig:
    """An API key, and a client certificate as text."""

    api_key: str = field(repr=False)
    templates: tuple[Template, ...]
    certificate: str | None = field(default=None, repr=False)


class PooledMail(Api, EmailConnector[PooledConfig]):
    """Sends in four threads of its own, keeps a connection pool per tenant, and puts a certificate into a temporary file."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "pooled-mail", required("apiKey"), text("certificate", is_confidential=True), json_item("templates")
    )
    config_guard: ClassVar[Guard[PooledConfig]] = Guard(
        config_schema(
            {"apiKey": TOKEN, "templates": templates("subject", "content")},
            {"certificate": {"type": "string", "minLength": 1}},
        ),
        PooledConfig,
    )

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._threads = ThreadPoolExecutor(4, "pooled-mail")
        self._lock = Lock()
        self._pools: OrderedDict[str, urllib3.PoolManager] = OrderedDict()

    def _pool(self, config: PooledConfig) -> urllib3.PoolManager:
        with self._lock:
            found = self._pools.pop(config.api_key, None) or new_pool(4, block=True)
            self._pools[config.api_key] = found
            if len(self._pools) > 4:
                self._pools.popitem(last=False)[1].clear()
            return found

    def deliver(self, config: PooledConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        headers, body = {"Authorization": f"Bearer {config.api_key}"}, mail(email)
        if config.certificate is not None:
            with tempfile.NamedTemporaryFile(suffix=".pem") as file:
                file.write(config.certificate.encode("utf-8", "replace"))
                file.flush()
                headers["X-Certificate"] = hashlib.sha256(Path(file.name).read_bytes()).hexdigest()
        secrets = (config.api_key, config.certificate, *payload_secrets(email.data.payload))
        http, url = Http(), f"{self.base_url}/messages"
        sent = self._threads.submit(
            http.call, self._pool(config), "POST", url, secrets, headers=headers, json=body
        ).result()
        with contextlib.suppress(ValueError, LookupError, TypeError):
            return str(sent.json()["id"])
        raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, {"message": "Expected an id from the provider."})


POOLED: Final = Spec(
    connector=PooledMail,
    valid_config={"apiKey": "k", "templates": _MAIL_TEMPLATES},
    provider=ApiProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
    secrets=("apiKey",),
)

# --- an asynchronous client -----------------------------------------------------------------------------------------


@frozen
class LoopConfig:
    """An API key and templates."""

    api_key: str = field(repr=False)
    templates: tuple[Template, ...]


class LoopMail(Api, EmailConnector[LoopConfig]):
    """Runs an asynchronous client in an event loop of its own for each message."""

    metadata: ClassVar[ConnectorMetadata] = metadata("loop-mail", required("apiKey"), json_item("templates"))
    config_guard: ClassVar[Guard[LoopConfig]] = Guard(
        config_schema({"apiKey": TOKEN, "templates": templates("subject", "content")}), LoopConfig
    )

    def deliver(self, config: LoopConfig, email: Email) -> object:
        """Send the e-mail, and return the provider's id."""
        body = mail(email)

        async def send() -> str:
            return await asyncio.to_thread(self.post, config.api_key, body, email.data.payload)

        return asyncio.run(send())


LOOP: Final = Spec(
    connector=LoopMail,
    valid_config={"apiKey": "k", "templates": _MAIL_TEMPLATES},
    provider=ApiProvider,
    capabilities={"config-templates", "html", "i18n-templates", "text"},
    secrets=("apiKey",),
)

# --- usage ----------------------------------------------------------------------------------------------------------

_PAGE: Final = 2


@frozen
class PagedConfig:
    """An API key and templates."""

    api_key: str = field(repr=False)
    templates: tuple[EitherTemplate, ...]


class PagedUsageSms(Api, SmsConnector[PagedConfig]):
    """Counts its messages in a list that the provider returns in pages."""

    metadata: ClassVar[ConnectorMetadata] = metadata("paged-usage-sms", required("apiKey"), json_item("templates"))
    config_guard: ClassVar[Guard[PagedConfig]] = Guard(
        config_schema({"apiKey": TOKEN, "templates": templates("content")}), PagedConfig
    )

    def deliver(self, config: PagedConfig, sms: Sms) -> object:
        """Send the text message, and return the provider's id."""
        return self.post(config.api_key, {"to": one_recipient(sms.to), "text": sms.content}, sms.data.payload)

    def since(self, start_from: datetime | None) -> str | None:
        """Return the start as the provider writes it: in UTC; a start without a zone is in UTC."""
        if start_from is None:
            return None
        aware = start_from.replace(tzinfo=UTC) if start_from.tzinfo is None else start_from.astimezone(UTC)
        return aware.isoformat(timespec="microseconds")

    def page(self, config: PagedConfig, query: dict[str, str]) -> Any:
        """Return one page."""
        headers = {"Authorization": f"Bearer {config.api_key}"}
        url = f"{self.base_url}/messages"
        found = Http().call(self.pool, "GET", url, (config.api_key,), headers=headers, fields=query)
        try:
            page = found.json()
            return {"status": [str(it["status"]) for it in page["items"]], "next": page.get("next")}
        except (ValueError, LookupError, TypeError) as error:
            raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, {"message": "The list has no items."}) from error

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Count the delivered messages of all pages."""
        config, count, cursor = self.read_config(), 0, "0"
        while cursor is not None:
            page = self.page(config, without_none({"since": self.since(start_from), "cursor": cursor}))
            count += page["status"].count("delivered")
            cursor = page["next"]
        return count


class PagedProvider(ApiProvider):
    """Lists messages, two on each page, failed ones too."""

    def __init__(self) -> None:
        super().__init__()
        self._sent: list[tuple[datetime, str]] = []

    def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
        """Return a page of the list; record the status of a message."""
        if request.method != "GET":
            status = {"accepted": "delivered"}.get(self.current.family, "failed")
            self._sent.append((datetime.now(UTC), status))
            return None
        failure = self.current_failure(request)
        if failure is not None:
            return failure
        since = datetime.fromisoformat(request.query.get("since", "0001-01-01T00:00:00+00:00"))
        found = [status for moment, status in self._sent if moment >= since]
        cursor = int(request.query["cursor"])
        more = {"next": str(cursor + _PAGE)} if len(found) > cursor + _PAGE else {}
        return HttpResponse.json({"items": [{"status": it} for it in found[cursor : cursor + _PAGE]], **more})


PAGED_USAGE: Final = Spec(
    connector=PagedUsageSms,
    valid_config={"apiKey": "k", "templates": [{"usageType": kind, "content": "{{code}}"} for kind in REQUIRED]},
    provider=PagedProvider,
    capabilities={"config-templates", "sms", "usage"},
    secrets=("apiKey",),
)
