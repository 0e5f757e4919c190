"""The base classes: they own the sequence of a send, and a subclass only talks to its provider."""

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

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - as the base class
        super().__init__(**kit)
        self.delivered: list[tuple[AcmeConfig, Email]] = []

    def deliver(self, config: AcmeConfig, email: Email) -> object:
        """Record it."""
        self.delivered.append((config, email))
        return f"id-{len(self.delivered)}"


class AcmeSms(SmsConnector[AcmeConfig]):
    """An SMS connector that gives back what it should deliver."""

    metadata = METADATA
    config_guard: ClassVar[Guard[AcmeConfig]] = Guard(SCHEMA, AcmeConfig)

    def deliver(self, config: AcmeConfig, sms: Sms) -> object:
        """Give it back."""
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


def refused(connector: EmailConnector[Any] | SmsConnector[Any], *given: Any) -> ConnectorError:  # noqa: ANN401 - as send_message
    """Return the error that a send raises."""
    with pytest.raises(ConnectorError) as caught:
        connector.send_message(*given)
    return caught.value


def unasked(*_: object) -> object:
    """Stand for what must not be called."""
    pytest.fail("This must not be called.")


def test_a_send_reads_the_config_then_asks_for_a_template_then_delivers() -> None:
    """The steps come in the documented order, each once."""
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


def test_what_deliver_returns_is_returned() -> None:
    """The provider's message id comes back as it is."""
    connector = AcmeMail(get_config=lambda _: config("Generic"))
    assert [connector.send_message(MESSAGE) for _ in range(2)] == ["id-1", "id-2"]


def test_an_unsaved_config_is_used_and_the_saved_one_is_not_asked_for() -> None:
    """Logto's "Send" gives the config along; ``get_config`` is not called, even for an empty one."""
    connector = AcmeMail(get_config=unasked)
    connector.send_message(MESSAGE, config("Generic"))
    assert connector.delivered[0][0] == AcmeConfig("CANARY", (Template(**_snake(config("Generic")["templates"][0])),))
    assert refused(connector, MESSAGE, {}).code is ConnectorErrorCodes.INVALID_CONFIG


def _snake(template: Mapping[str, Json]) -> dict[str, Json]:
    return {"usage_type": template["usageType"], "subject": template["subject"], "content": template["content"]}


def test_what_get_config_raises_passes_through() -> None:
    """A host's own failure is the host's to handle; it comes out as it went in."""

    class DatabaseError(Exception):
        """A host's own error."""

    failure = DatabaseError("down")

    def get_config(_: str) -> object:
        raise failure

    with pytest.raises(DatabaseError) as caught:
        AcmeMail(get_config=get_config, get_i18n_email_template=unasked).send_message(MESSAGE)
    assert caught.value is failure


@pytest.mark.parametrize(
    "saved", [None, "CANARY", {}, {"key": 1, "templates": []}, {"key": "CANARY", "templates": [{}]}]
)
def test_an_invalid_config_is_refused_before_anything_else_happens(saved: Json) -> None:
    """``invalid_config`` with the issues; no template is asked for, nothing is delivered, no value is shown."""
    connector = AcmeMail(get_config=lambda _: saved, get_i18n_email_template=unasked)
    error = refused(connector, MESSAGE)
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
def test_a_malformed_message_is_refused_before_the_config_is_read(message: Json) -> None:
    """``invalid_request_parameters``; the fault is Logto's, so the config is not even asked for."""
    for connector in (AcmeMail(get_config=unasked), AcmeSms(get_config=unasked)):
        assert refused(connector, message).code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS


def test_a_message_may_be_given_as_a_value_or_as_json() -> None:
    """Both give the same e-mail."""
    connector = AcmeMail(get_config=lambda _: config("Generic"))
    connector.send_message(MESSAGE)
    connector.send_message(SendMessageData.from_json(MESSAGE))
    assert connector.delivered[0] == connector.delivered[1]


def test_an_email_carries_all_that_a_provider_needs() -> None:
    """From a config template: HTML, no Reply-To, no sender of its own, rendered, with what it was made from."""
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


@pytest.mark.parametrize(
    ("usage_types", "kind", "expected"),
    [
        (("Generic", "SignIn"), "SignIn", "SignIn"),
        (("Generic", "SignIn"), "Register", "Generic"),
        (("Generic", "PasswordExpired"), "PasswordExpired", "PasswordExpired"),
    ],
)
def test_a_message_is_routed_by_usage_type(usage_types: tuple[str, ...], kind: str, expected: str) -> None:
    """The template of the message's type, or else Generic's; types that the kit does not know are routed too."""
    connector = AcmeMail(get_config=lambda _: config(*usage_types))
    connector.send_message({**MESSAGE, "type": kind})
    assert connector.delivered[0][1].subject == f"{expected} 123456"


@pytest.mark.parametrize(
    "connector", [AcmeMail(get_config=lambda _: config("Register")), AcmeSms(get_config=lambda _: config())]
)
def test_without_a_template_there_is_no_message(connector: AcmeMail | AcmeSms) -> None:
    """``template_not_found`` names the type, and nothing is delivered."""
    error = refused(connector, MESSAGE)
    assert error.code is ConnectorErrorCodes.TEMPLATE_NOT_FOUND
    assert error.data == {"message": "There is no template for the type SignIn, and none for Generic."}


def test_a_template_of_logtos_own_comes_first_and_all_of_it_is_rendered() -> None:
    """Subject, content, Reply-To and sender are rendered; its content type is kept."""
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


def test_a_template_of_logtos_own_may_be_given_as_json() -> None:
    """Its JSON, with Logto's key names, is as good; HTML is what a body is unless it says otherwise."""
    plain = {"subject": "s", "content": "c", "replyTo": "r", "more": 1}
    connector = AcmeMail(get_config=lambda _: config(), get_i18n_email_template=lambda *_: plain)
    connector.send_message(MESSAGE)
    email = connector.delivered[0][1]
    assert (email.content_type, email.reply_to, email.send_from) == ("text/html", "r", None)
    assert email.template == EmailTemplateDetails("s", "c", reply_to="r")


@pytest.mark.parametrize(
    "extra", [{"contentType": "text/markdown"}, {"replyTo": 1}, {"sendFrom": None, "replyTo": "r"}]
)
def test_what_stands_beside_subject_and_content_does_not_cost_a_message(extra: dict[str, Json]) -> None:
    """A template of Logto's own whose extras are malformed is used without them."""
    plain = {"subject": "s", "content": "c", **extra}
    connector = AcmeMail(get_config=lambda _: config("Generic"), get_i18n_email_template=lambda *_: plain)
    connector.send_message(MESSAGE)
    assert connector.delivered[0][1].template == EmailTemplateDetails("s", "c")


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
def test_whatever_goes_wrong_with_logtos_template_the_configs_own_is_used(
    get_template: Any,  # noqa: ANN401 - wrong ones, too
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The contract: any failure means "no such template"; the log names its kind and shows nothing else."""
    connector = AcmeMail(get_config=lambda _: config("Generic"), get_i18n_email_template=get_template)
    with caplog.at_level(logging.DEBUG):
        connector.send_message(MESSAGE)
    assert connector.delivered[0][1].subject == "Generic 123456"
    assert "CANARY" not in caplog.text
    assert "123456" not in caplog.text


def test_text_messages_are_routed_and_rendered_and_logto_is_not_asked_for_a_template() -> None:
    """An SMS connector has the same sequence without templates of Logto's own."""
    connector = AcmeSms(get_config=lambda _: config("SignIn", "Generic"), get_i18n_email_template=unasked)
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


def test_no_secret_of_a_message_shows_in_a_repr() -> None:
    """Rendered texts hold the code; configs hold keys; declarations hold an example of both."""
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


def test_composing_sends_nothing() -> None:
    """A message can be routed and rendered for a preview."""
    connector = AcmeMail(get_config=unasked)
    settings = connector.read_config(config("Generic"))
    assert connector.compose(settings, SendMessageData.from_json(MESSAGE)).subject == "Generic 123456"
    assert connector.delivered == []


@pytest.mark.parametrize("kind", [EmailConnector, SmsConnector])
def test_what_a_connector_does_not_implement_is_not_implemented(kind: Any) -> None:  # noqa: ANN401 - either class
    """``deliver`` and ``get_usage`` say so by ``not_implemented`` and name the connector."""

    class Bare(kind):  # type: ignore[misc]
        metadata = METADATA
        config_guard = Guard(SCHEMA, AcmeConfig)

    connector = Bare(get_config=lambda _: config("Generic"))
    error = refused(connector, MESSAGE)
    assert error.code is ConnectorErrorCodes.NOT_IMPLEMENTED
    assert error.data == {"message": "Bare does not implement deliver."}
    for start in (None, datetime(2026, 1, 1, tzinfo=UTC)):
        with pytest.raises(ConnectorError) as caught:
            connector.get_usage(start)
        assert caught.value.data == {"message": "Bare does not implement get_usage."}
        assert caught.value.http_status == 501


def test_a_connector_that_forwards_messages_says_how_by_itself() -> None:
    """One that carries no templates overrides ``send_message`` and needs nothing else."""

    class Forwarding(EmailConnector[AcmeConfig]):
        metadata = METADATA
        config_guard: ClassVar[Guard[AcmeConfig]] = Guard(SCHEMA, AcmeConfig)

        def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
            return data, self.read_config(config).key

    assert Forwarding(get_config=lambda _: config()).send_message({"a": 1}) == ({"a": 1}, "CANARY")
    with pytest.raises(TypeError, match="compose"):
        MessageConnector(get_config=unasked)  # type: ignore[abstract]


def test_making_a_connector_calls_nothing_and_keeps_its_collaborators() -> None:
    """As Logto's loader does it: with collaborators that raise when called."""
    connector = AcmeMail(get_config=unasked, get_cloud_service_client=unasked, get_i18n_email_template=unasked)  # type: ignore[arg-type]
    assert connector.get_cloud_service_client is unasked
    assert (connector.type, AcmeSms.type, AcmeSocial.type) == ("Email", "Sms", "Social")
    assert AcmeMail.declaration is None


class AcmeSocial(SocialConnector[AcmeConfig]):
    """The least that a social connector must have."""

    metadata = METADATA
    config_guard: ClassVar[Guard[AcmeConfig]] = Guard(SCHEMA, AcmeConfig)

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Keep the redirect URI and send the user away."""
        set_session(ConnectorSession(redirect_uri=request.redirect_uri))
        return f"https://acme.example/authorize?state={request.state}&key={self.read_config().key}"

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Return whom the provider names."""
        return SocialUserInfo(id=str(data), raw_data=get_session().redirect_uri)


def test_a_minimal_social_connector_takes_a_user_there_and_back() -> None:
    """Two methods make a social connector; the session carries what the callback needs."""
    connector = AcmeSocial(get_config=lambda _: config())
    sessions: list[ConnectorSession] = []
    request = AuthorizationRequest("st", "https://app.example/callback", "c", "acme", "j")
    uri = connector.get_authorization_uri(request, sessions.append)
    assert uri == "https://acme.example/authorize?state=st&key=CANARY"
    user = connector.get_user_info("u1", lambda: sessions[0])
    assert user == SocialUserInfo("u1", raw_data="https://app.example/callback")


def test_the_optional_parts_of_a_social_connector_are_not_implemented() -> None:
    """Tokens and SAML are for connectors that say so."""
    connector = AcmeSocial(get_config=unasked)
    for call, name in (
        (lambda: connector.get_token_response_and_user_info({}, ConnectorSession), "get_token_response_and_user_info"),
        (lambda: connector.get_access_token_by_refresh_token("t"), "get_access_token_by_refresh_token"),
        (lambda: connector.validate_saml_assertion({}, ConnectorSession, print), "validate_saml_assertion"),
    ):
        with pytest.raises(ConnectorError) as caught:
            call()
        assert caught.value.code is ConnectorErrorCodes.NOT_IMPLEMENTED
        assert caught.value.data == {"message": f"AcmeSocial does not implement {name}."}


def test_a_social_connector_must_say_how_to_leave_and_return() -> None:
    """The two required methods are abstract."""
    with pytest.raises(TypeError, match=r"get_authorization_uri.*get_user_info"):
        SocialConnector(get_config=unasked)  # type: ignore[abstract]


def test_a_declaration_cannot_be_changed_through_what_it_was_made_from() -> None:
    """It freezes the example config and the names of the capabilities."""
    example, names = {"key": "a"}, ["html", "html"]
    declaration = Declaration("acme", example, names, ("key",))
    example["key"] = "b"
    names.append("text")
    assert declaration.valid_config == {"key": "a"}
    assert declaration.capabilities == frozenset({"html"})
