"""The base classes: the sequence of a send. A subclass only calls its provider."""

import asyncio
import gc
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from attrs import field, frozen

from connector_kit import (
    AuthorizationRequest,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorSession,
    Declaration,
    Email,
    EmailConnector,
    EmailTemplateDetails,
    GetSession,
    Guard,
    MessageConnector,
    SendMessageData,
    SetSession,
    Sms,
    SmsConnector,
    SocialConnector,
    SocialUserInfo,
    Template,
    TemplateEmailConnector,
    TemplateMessage,
    TemplateName,
    TemplateNames,
    TemplateSmsConnector,
    setting,
    template_names,
)

Json = Any
METADATA = ConnectorMetadata(
    id="acme", target="acme", name={"en": "Acme"}, description={"en": "Acme"}, logo="./logo.svg", readme="./README.md"
)
TEMPLATE = {
    "type": "object",
    "properties": {"usageType": {"type": "string"}, "subject": {"type": "string"}, "content": {"type": "string"}},
    "required": ["usageType", "subject", "content"],
}
SCHEMA = {
    "type": "object",
    "properties": {"key": {"type": "string"}, "templates": {"type": "array", "items": TEMPLATE}},
    "required": ["key", "templates"],
}


@frozen
class AcmeConfig:
    """The config of the connectors of these tests."""

    key: str = field(repr=False)
    templates: tuple[Template, ...] = ()


class AcmeMail(EmailConnector[AcmeConfig]):
    """An e-mail connector that records what it should deliver."""

    metadata = METADATA
    config_guard: ClassVar[Guard[AcmeConfig]] = Guard(SCHEMA, AcmeConfig)

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.delivered: list[tuple[AcmeConfig, Email]] = []

    def deliver(self, config: AcmeConfig, email: Email) -> object:
        """Record the e-mail."""
        self.delivered.append((config, email))
        return f"id-{len(self.delivered)}"


class AcmeSms(SmsConnector[AcmeConfig]):
    """An SMS connector that returns what it should deliver."""

    metadata = METADATA
    config_guard: ClassVar[Guard[AcmeConfig]] = Guard(SCHEMA, AcmeConfig)

    def deliver(self, config: AcmeConfig, sms: Sms) -> object:
        """Return the message."""
        return config, sms


def config(*usage_types: str) -> dict[str, Json]:
    """Return a config with a template for each usage type."""
    return {
        "key": "CANARY",
        "templates": [
            {"usageType": it, "subject": f"{it} {{{{code}}}}", "content": f"<p>{it} {{{{code}}}} {{{{missing}}}}</p>"}
            for it in usage_types
        ],
    }


MESSAGE = {"to": "a@example.com", "type": "SignIn", "payload": {"code": "123456", "locale": "pt-BR"}, "ip": "192.0.2.1"}


def raised_error(connector: EmailConnector[Any] | SmsConnector[Any], *given: Any) -> ConnectorError:
    """Return the error that a send raises."""
    with pytest.raises(ConnectorError) as caught:
        connector.send_message(*given)
    return caught.value


def must_not_be_called(*_: object) -> object:
    """Fail the test."""
    pytest.fail("This must not be called.")


def test_send_reads_the_config_then_gets_the_template_then_delivers() -> None:
    """In the documented order, each once."""
    steps: list[object] = []

    class Recording(AcmeMail):
        def deliver(self, config: AcmeConfig, email: Email) -> object:
            steps.append(("deliver", email.subject))
            return super().deliver(config, email)

    def get_config(connector_id: str) -> object:
        steps.append(("get_config", connector_id))
        return config("SignIn")

    def get_template(kind: str, locale: object) -> None:
        steps.append(("get_i18n_email_template", kind, locale))

    connector = Recording(get_config=get_config, get_i18n_email_template=get_template)
    assert steps == []
    assert connector.send_message(MESSAGE) == "id-1"
    assert steps == [
        ("get_config", "acme"),
        ("get_i18n_email_template", "SignIn", "pt-BR"),
        ("deliver", "SignIn 123456"),
    ]


def test_send_returns_the_result_of_deliver() -> None:
    """Such as the provider's message id, unchanged."""
    connector = AcmeMail(get_config=lambda _: config("Generic"))
    assert [connector.send_message(MESSAGE) for _ in range(2)] == ["id-1", "id-2"]


def test_unsaved_config_is_used_without_reading_the_saved_one() -> None:
    """``get_config`` is not called, even for an empty config."""
    connector = AcmeMail(get_config=must_not_be_called)
    connector.send_message(MESSAGE, config("Generic"))
    assert connector.delivered[0][0] == AcmeConfig("CANARY", (Template(**_snake(config("Generic")["templates"][0])),))
    assert raised_error(connector, MESSAGE, {}).code is ConnectorErrorCodes.INVALID_CONFIG


def _snake(template: Mapping[str, Json]) -> dict[str, Json]:
    return {"usage_type": template["usageType"], "subject": template["subject"], "content": template["content"]}


def test_errors_of_get_config_propagate() -> None:
    """They are the host's errors, so they are not translated."""

    class DatabaseError(Exception):
        """A host's own error."""

    failure = DatabaseError("down")

    def get_config(_: str) -> object:
        raise failure

    with pytest.raises(DatabaseError) as caught:
        AcmeMail(get_config=get_config, get_i18n_email_template=must_not_be_called).send_message(MESSAGE)
    assert caught.value is failure


@pytest.mark.parametrize(
    "saved", [None, "CANARY", {}, {"key": 1, "templates": []}, {"key": "CANARY", "templates": [{}]}]
)
def test_invalid_config_raises_before_any_other_step(saved: Json) -> None:
    """``invalid_config`` with issues; no template is read, nothing is delivered, no value is shown."""
    connector = AcmeMail(get_config=lambda _: saved, get_i18n_email_template=must_not_be_called)
    error = raised_error(connector, MESSAGE)
    assert error.code is ConnectorErrorCodes.INVALID_CONFIG
    assert error.data["issues"]  # type: ignore[index]
    assert "CANARY" not in f"{error}{error!r}"
    assert connector.delivered == []


@pytest.mark.parametrize(
    "message",
    [
        None,
        {},
        {**MESSAGE, "payload": None},
        {**MESSAGE, "to": 1},
        {**MESSAGE, "to": "a@a.example\r\nBcc: b@b.example"},
    ],
)
def test_malformed_message_raises_before_the_config_is_read(message: Json) -> None:
    """With ``invalid_request_parameters``."""
    for connector in (AcmeMail(get_config=must_not_be_called), AcmeSms(get_config=must_not_be_called)):
        assert raised_error(connector, message).code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS


def test_message_can_be_an_attrs_value_or_json() -> None:
    """Both give the same e-mail."""
    connector = AcmeMail(get_config=lambda _: config("Generic"))
    connector.send_message(MESSAGE)
    connector.send_message(SendMessageData.from_json(MESSAGE))
    assert connector.delivered[0] == connector.delivered[1]


def test_email_from_a_config_template() -> None:
    """HTML, rendered, without Reply-To and sender, with its template and data."""
    connector = AcmeMail(get_config=lambda _: config("SignIn", "SignIn", "Generic"))
    connector.send_message(MESSAGE)
    settings, email = connector.delivered[0]
    assert email == Email(
        to="a@example.com",
        subject="SignIn 123456",
        body="<p>SignIn 123456 {{missing}}</p>",
        content_type="text/html",
        reply_to=None,
        send_from=None,
        template=settings.templates[0],
        data=SendMessageData.from_json(MESSAGE),
    )


@pytest.mark.parametrize(("reply_to", "expected"), [(None, None), ("\r\n", None), ("a\r\nBcc: b@x.co", "aBcc: b@x.co")])
def test_headers_of_an_email_have_no_control_characters(reply_to: str | None, expected: str | None) -> None:
    """A line break would end the header, and begin another one. The body keeps its line breaks."""
    data = SendMessageData.from_json(MESSAGE)
    email = Email("a@example.com", "a\r\nBcc: b@x.co", "a\nb", "text/plain", reply_to, None, None, data)
    assert (email.subject, email.reply_to, email.body) == ("aBcc: b@x.co", expected, "a\nb")


@pytest.mark.parametrize(
    ("usage_types", "kind", "expected"),
    [
        (("Generic", "SignIn"), "SignIn", "SignIn"),
        (("Generic", "SignIn"), "Register", "Generic"),
        (("Generic", "PasswordExpired"), "PasswordExpired", "PasswordExpired"),
    ],
)
def test_template_is_selected_by_usage_type(usage_types: tuple[str, ...], kind: str, expected: str) -> None:
    """The template of the message's type, else Generic's; also for types that the kit does not know."""
    connector = AcmeMail(get_config=lambda _: config(*usage_types))
    connector.send_message({**MESSAGE, "type": kind})
    assert connector.delivered[0][1].subject == f"{expected} 123456"


@pytest.mark.parametrize(
    "connector", [AcmeMail(get_config=lambda _: config("Register")), AcmeSms(get_config=lambda _: config())]
)
def test_missing_template_raises_template_not_found(connector: AcmeMail | AcmeSms) -> None:
    """The error names the type, and nothing is delivered."""
    error = raised_error(connector, MESSAGE)
    assert error.code is ConnectorErrorCodes.TEMPLATE_NOT_FOUND
    assert error.data == {"message": "The config has no template for the type SignIn or for Generic."}


def test_managed_template_has_precedence() -> None:
    """Subject, content, Reply-To and sender are rendered; the content type is kept."""
    template = EmailTemplateDetails(
        "S {{code}}", "C {{code}}", "text/plain", "R {{code}} <r@example.com>", "F {{code}} {{missing}}"
    )
    asked: list[tuple[str, object]] = []

    def get_template(kind: str, locale: object) -> EmailTemplateDetails:
        asked.append((kind, locale))
        return template

    connector = AcmeMail(get_config=lambda _: config(), get_i18n_email_template=get_template)
    connector.send_message(MESSAGE)
    connector.send_message({**MESSAGE, "type": "PasswordExpired", "payload": {}})
    email = connector.delivered[0][1]
    assert asked == [("SignIn", "pt-BR"), ("PasswordExpired", None)]
    assert (email.subject, email.body, email.content_type) == ("S 123456", "C 123456", "text/plain")
    assert (email.reply_to, email.send_from) == ("R 123456 <r@example.com>", "F 123456 {{missing}}")
    assert email.template is template


@pytest.mark.parametrize("member", ["subject", "content", "reply_to", "send_from"])
def test_r13_no_rendered_text_of_an_email_is_longer_than_the_limit(member: str) -> None:
    """Nothing is delivered, and the error has neither template nor payload."""
    template = EmailTemplateDetails(**{"subject": "s", "content": "c", member: "{{code}}" * 10_000})
    connector = AcmeMail(get_config=lambda _: config(), get_i18n_email_template=lambda *_: template)
    error = raised_error(connector, {**MESSAGE, "payload": {"code": "734512" * 1_000}})
    assert error.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert "734512" not in f"{error!r}{error.data}{error.__cause__}{error.__context__}"
    assert connector.delivered == []


def test_managed_template_can_be_json() -> None:
    """With Logto's key names; without ``contentType`` it is HTML."""
    plain = {"subject": "s", "content": "c", "replyTo": "r", "more": 1}
    connector = AcmeMail(get_config=lambda _: config(), get_i18n_email_template=lambda *_: plain)
    connector.send_message(MESSAGE)
    email = connector.delivered[0][1]
    assert (email.content_type, email.reply_to, email.send_from) == ("text/html", "r", None)
    assert email.template == EmailTemplateDetails("s", "c", reply_to="r")


@pytest.mark.parametrize(
    ("extra", "used"),
    [
        ({"contentType": "text/markdown"}, {}),
        ({"replyTo": 1}, {}),
        ({"sendFrom": None, "replyTo": "r"}, {"reply_to": "r"}),
        ({"replyTo": None, "contentType": "text/plain"}, {"content_type": "text/plain"}),
        ({"contentType": [], "replyTo": "r", "sendFrom": "f"}, {"reply_to": "r", "send_from": "f"}),
    ],
)
def test_only_invalid_optional_members_of_a_managed_template_are_ignored(
    extra: dict[str, Json], used: dict[str, Any]
) -> None:
    """Clause T17: the others are used."""
    plain = {"subject": "s", "content": "c", **extra}
    connector = AcmeMail(get_config=lambda _: config("Generic"), get_i18n_email_template=lambda *_: plain)
    connector.send_message(MESSAGE)
    assert connector.delivered[0][1].template == EmailTemplateDetails("s", "c", **used)


def _raising(*_: object) -> None:
    raise RuntimeError("CANARY")


@pytest.mark.parametrize(
    "get_template",
    [
        lambda *_: None,
        _raising,
        lambda: None,
        lambda *_: {},
        lambda *_: {"subject": "CANARY"},
        lambda *_: {"subject": "CANARY", "content": 1, "contentType": "text/plain"},
        lambda *_: "CANARY",
        lambda *_: EmailTemplateDetails("CANARY", 1),
    ],
    ids=["none", "raises", "wrong-arity", "empty", "incomplete", "other-types", "text", "cannot-be-made"],
)
def test_config_template_is_used_if_the_managed_one_fails(
    get_template: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After any failure; the log shows the type of the exception only."""
    connector = AcmeMail(get_config=lambda _: config("Generic"), get_i18n_email_template=get_template)
    with caplog.at_level(logging.DEBUG):
        connector.send_message(MESSAGE)
    assert connector.delivered[0][1].subject == "Generic 123456"
    assert "CANARY" not in caplog.text
    assert "123456" not in caplog.text


class AsyncMail(AcmeMail):
    """An author's mistake: connectors are synchronous."""

    async def deliver(self, *_: object) -> object:
        """Send nothing: nobody awaits this."""
        raise AssertionError

    async def get_usage(self, *_: object) -> int:  # type: ignore[override]  # the mistake
        """Count nothing."""
        raise AssertionError


class AsyncForwarder(AcmeMail):
    """The same mistake in the method that a forwarding connector overrides."""

    async def send_message(self, *_: object) -> object:
        """Send nothing."""
        raise AssertionError


class FutureMail(AcmeMail):
    """Returns a future of an event loop that another thread runs."""

    def deliver(self, *_: object) -> object:
        """Return an awaitable that is not a coroutine."""
        loop = asyncio.new_event_loop()
        self.future = loop.create_future()
        loop.close()
        return self.future


class PlainAwaitable:
    """An awaitable without ``close`` and ``cancel``."""

    def __await__(self) -> Any:
        """Return nothing to wait for."""
        return iter(())


class AwaitableMail(AcmeMail):
    """Returns some library's awaitable."""

    def deliver(self, *_: object) -> object:
        """Return it."""
        return PlainAwaitable()


@pytest.mark.parametrize(
    ("kind", "call", "what"),
    [
        (AsyncMail, lambda it: it.send_message(MESSAGE), "AsyncMail.deliver returned a coroutine"),
        (AsyncMail, lambda it: it.get_usage(), "AsyncMail.get_usage returned a coroutine"),
        (AsyncForwarder, lambda it: it.send_message(MESSAGE), "AsyncForwarder.send_message returned a coroutine"),
        (FutureMail, lambda it: it.send_message(MESSAGE), "FutureMail.deliver returned a Future"),
        (AwaitableMail, lambda it: it.send_message(MESSAGE), "AwaitableMail.deliver returned a PlainAwaitable"),
    ],
)
def test_awaitable_result_raises_connector_error(kind: type[AcmeMail], call: Any, what: str) -> None:
    """Otherwise a host reports a message as sent that nobody sends. No "never awaited" warning: pytest would fail."""
    connector = kind(get_config=lambda _: config("Generic"))
    with pytest.raises(ConnectorError) as caught:
        call(connector)
    gc.collect()
    assert caught.value.code is ConnectorErrorCodes.GENERAL
    assert f"{what}, but connectors are synchronous: nothing was done." in str(caught.value)
    if isinstance(connector, FutureMail):
        assert connector.future.cancelled()


async def _asynchronous(*_: object) -> Any:
    raise AssertionError


def test_asynchronous_get_config_raises_connector_error() -> None:
    """The host must call connectors with synchronous callbacks."""
    error = raised_error(AcmeMail(get_config=_asynchronous), MESSAGE)
    gc.collect()
    assert error.code is ConnectorErrorCodes.GENERAL
    assert "get_config returned a coroutine" in str(error)


def test_asynchronous_template_callback_is_ignored_like_one_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Clause T7: the code is delivered with the config's template. The log tells."""
    connector = AcmeMail(get_config=lambda _: config("Generic"), get_i18n_email_template=_asynchronous)
    with caplog.at_level(logging.WARNING):
        connector.send_message(MESSAGE)
    gc.collect()
    assert connector.delivered[0][1].subject == "Generic 123456"
    assert "The managed template for SignIn failed with ConnectorError" in caplog.text


def test_asynchronous_method_of_a_social_connector_raises_connector_error() -> None:
    """Each method that a host calls is checked."""

    class AsyncSocial(AcmeSocial):
        async def get_user_info(self, *_: object) -> SocialUserInfo:  # type: ignore[override]  # the mistake
            raise AssertionError

    with pytest.raises(ConnectorError, match="get_user_info returned a coroutine"):
        AsyncSocial(get_config=lambda _: config()).get_user_info({}, ConnectorSession)
    gc.collect()


def test_text_message_uses_the_config_template() -> None:
    """The sequence of e-mail connectors, without managed templates."""
    connector = AcmeSms(get_config=lambda _: config("SignIn", "Generic"), get_i18n_email_template=must_not_be_called)
    settings, sms = connector.send_message(MESSAGE)  # type: ignore[misc]
    assert sms == Sms(
        to="a@example.com",
        content="<p>SignIn 123456 {{missing}}</p>",
        template=settings.templates[0],
        data=SendMessageData.from_json(MESSAGE),
    )
    assert (
        connector.send_message(SendMessageData.from_json(MESSAGE), config("Generic"))[1].template.usage_type
        == "Generic"
    )  # type: ignore[index]


@frozen
class AliasConfig:
    """The config of a connector whose provider stores the templates."""

    key: str = setting("Key", secret=True)
    templates: TemplateNames = template_names("alias")


class AliasMail(TemplateEmailConnector[AliasConfig]):
    """Returns what it should deliver."""

    metadata = METADATA
    config_class = AliasConfig

    def deliver(self, config: AliasConfig, message: TemplateMessage) -> object:
        """Return the message."""
        assert config.key == "k"
        return message


class AliasSms(TemplateSmsConnector[AliasConfig]):
    """Returns what it should deliver."""

    metadata = METADATA
    config_class = AliasConfig

    def deliver(self, config: AliasConfig, message: TemplateMessage) -> object:
        """Return the message."""
        assert config.key == "k"
        return message


@pytest.mark.parametrize(("connector", "kind"), [(AliasMail, "Email"), (AliasSms, "Sms")])
@pytest.mark.parametrize(("usage_type", "alias"), [("SignIn", "a-SignIn"), ("BindMfa", "a-Generic")])
def test_template_of_the_provider_receives_all_variables(
    connector: Any, kind: str, usage_type: str, alias: str
) -> None:
    """D19. The connector gets its name, also that of the fallback."""
    names = [{"usageType": it, "alias": f"a-{it}"} for it in ("Register", "SignIn", "ForgotPassword", "Generic")]
    payload = {"code": "1", "user": {"name": "Zoë"}, "custom": [1, None]}
    made = connector(get_config=lambda _: {"key": "k", "templates": names})
    message = made.send_message({"to": "a@example.com", "type": usage_type, "payload": payload})
    assert connector.type == kind
    assert (message.to, message.template.name, message.variables) == ("a@example.com", alias, payload)
    assert message.data.type == usage_type
    assert "Zoë" not in repr(message)


def test_variables_are_not_shared() -> None:
    """A connector may change them, for example to texts."""
    data = SendMessageData(to="a@example.com", type="Generic", payload={"code": "1"})
    message = TemplateMessage(data.to, TemplateName("Generic", "a"), data)
    message.variables["code"] = "2"
    assert message.variables == {"code": "1"}


def test_reprs_of_messages_and_declarations_show_no_secret() -> None:
    """Rendered texts contain codes, configs contain keys, declarations contain an example of both."""
    connector = AcmeMail(get_config=lambda _: config("Generic"))
    connector.send_message({**MESSAGE, "payload": {"code": "CANARY"}})
    settings, email = connector.delivered[0]
    template = EmailTemplateDetails("{{code}}", "{{code}}", reply_to="{{code}}@a.co", send_from="{{code}}")
    managed = AcmeMail(get_config=lambda _: config(), get_i18n_email_template=lambda *_: template)
    managed.send_message({**MESSAGE, "payload": {"code": "CANARY"}})
    sms = AcmeSms(get_config=lambda _: config("Generic")).send_message({**MESSAGE, "payload": {"code": "CANARY"}})
    declaration = Declaration(provider="acme", valid_config={"key": "CANARY"}, capabilities=["html"])
    for shown in (settings, email, managed.delivered, sms, declaration, email.data):
        assert "CANARY" not in repr(shown)


def test_compose_renders_without_sending() -> None:
    """For a preview."""
    connector = AcmeMail(get_config=must_not_be_called)
    settings = connector.read_config(config("Generic"))
    assert connector.compose(settings, SendMessageData.from_json(MESSAGE)).subject == "Generic 123456"
    assert connector.delivered == []


@pytest.mark.parametrize("kind", [EmailConnector, SmsConnector])
def test_unimplemented_method_raises_not_implemented(kind: Any) -> None:
    """``deliver`` and ``get_usage``; the error names the connector."""

    class Bare(kind):  # type: ignore[misc]
        metadata = METADATA
        config_guard = Guard(SCHEMA, AcmeConfig)

    connector = Bare(get_config=lambda _: config("Generic"))
    error = raised_error(connector, MESSAGE)
    assert error.code is ConnectorErrorCodes.NOT_IMPLEMENTED
    assert error.data == {"message": "Bare does not implement deliver."}
    for start in (None, datetime(2026, 1, 1, tzinfo=UTC)):
        with pytest.raises(ConnectorError) as caught:
            connector.get_usage(start)
        assert caught.value.data == {"message": "Bare does not implement get_usage."}
        assert caught.value.http_status == 501


def test_forwarding_connector_only_overrides_send_message() -> None:
    """It has no templates and needs no other method."""

    class Forwarding(EmailConnector[AcmeConfig]):
        metadata = METADATA
        config_guard: ClassVar[Guard[AcmeConfig]] = Guard(SCHEMA, AcmeConfig)

        def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
            return data, self.read_config(config).key

    assert Forwarding(get_config=lambda _: config()).send_message({"a": 1}) == ({"a": 1}, "CANARY")
    with pytest.raises(TypeError, match="compose"):
        MessageConnector(get_config=must_not_be_called)  # type: ignore[abstract]


def test_constructor_calls_none_of_its_collaborators() -> None:
    """Logto's loader constructs connectors with collaborators that raise."""
    connector = AcmeMail(
        get_config=must_not_be_called,
        get_cloud_service_client=must_not_be_called,
        get_i18n_email_template=must_not_be_called,
    )  # type: ignore[arg-type]
    assert connector.get_cloud_service_client is must_not_be_called
    assert (connector.type, AcmeSms.type, AcmeSocial.type) == ("Email", "Sms", "Social")
    assert AcmeMail.declaration is None


class AcmeSocial(SocialConnector[AcmeConfig]):
    """A social connector with the required methods only."""

    metadata = METADATA
    config_guard: ClassVar[Guard[AcmeConfig]] = Guard(SCHEMA, AcmeConfig)

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Store the redirect URI, and return the provider's."""
        set_session(ConnectorSession(redirect_uri=request.redirect_uri))
        return f"https://acme.example/authorize?state={request.state}&key={self.read_config().key}"

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Return the user in the callback's data."""
        return SocialUserInfo(id=str(data), raw_data=get_session().redirect_uri)


def test_minimal_social_connector_signs_a_user_in() -> None:
    """Two methods are enough; the session keeps what the callback needs."""
    connector = AcmeSocial(get_config=lambda _: config())
    sessions: list[ConnectorSession] = []
    request = AuthorizationRequest("st", "https://app.example/callback", "c", "acme", "j")
    uri = connector.get_authorization_uri(request, sessions.append)
    assert uri == "https://acme.example/authorize?state=st&key=CANARY"
    user = connector.get_user_info("u1", lambda: sessions[0])
    assert user == SocialUserInfo("u1", raw_data="https://app.example/callback")


def test_optional_methods_of_a_social_connector_raise_not_implemented() -> None:
    """Tokens and SAML."""
    connector = AcmeSocial(get_config=must_not_be_called)
    for call, name in (
        (lambda: connector.get_token_response_and_user_info({}, ConnectorSession), "get_token_response_and_user_info"),
        (lambda: connector.get_access_token_by_refresh_token("t"), "get_access_token_by_refresh_token"),
        (lambda: connector.validate_saml_assertion({}, ConnectorSession, print), "validate_saml_assertion"),
    ):
        with pytest.raises(ConnectorError) as caught:
            call()
        assert caught.value.code is ConnectorErrorCodes.NOT_IMPLEMENTED
        assert caught.value.data == {"message": f"AcmeSocial does not implement {name}."}


def test_social_connector_without_required_methods_cannot_be_constructed() -> None:
    """Both methods are abstract."""
    with pytest.raises(TypeError, match=r"get_authorization_uri.*get_user_info"):
        SocialConnector(get_config=must_not_be_called)  # type: ignore[abstract]


def test_declaration_copies_its_arguments() -> None:
    """Changing the originals does not change the declaration."""
    example, names = {"key": "a"}, ["html", "html"]
    declaration = Declaration("acme", example, names, ("key",))
    example["key"] = "b"
    names.append("text")
    assert declaration.valid_config == {"key": "a"}
    assert declaration.capabilities == frozenset({"html"})


@pytest.mark.parametrize(
    ("send_from", "sender"),
    [
        (None, "Acme <noreply@acme.com>"),
        ("Support", "Support <noreply@acme.com>"),
        ("help@acme.com", "help@acme.com"),
        ("Help <help@acme.com>", "Help <help@acme.com>"),
    ],
)
def test_sender_of_a_managed_template_is_completed_by_the_config(send_from: str | None, sender: str) -> None:
    """As upstream's ``parseSendFrom`` does: a display name alone gets the config's address."""
    message = SendMessageData.from_json({"to": "a@b.co", "type": "Generic", "payload": {}})
    email = Email("a@b.co", "s", "b", "text/html", None, send_from, None, message)
    assert email.sender("Acme <noreply@acme.com>") == sender
