"""The error tables of the connector's READMEs agree with the table in the code and with botocore's model of SES."""

import re
from importlib.resources import files
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from connector_kit.aws_api.errors import ErrorKind
from connector_kit.connectors.aws_ses.errors import ERRORS

README_TEXTS: Final = {
    name: (files("connector_kit.connectors.aws_ses") / name).read_text(encoding="utf-8")
    for name in ("README.md", "README.es.md", "README.pt-BR.md")
}
NAMES: Final = {
    "README.md": {
        "usage_limit_exceeded": "{error_codes}, or a message that contains *{message}*",
        "throttle": "{error_codes}, or HTTP {statuses}",
        "unavailable": "HTTP {statuses}",
        "server-error": "HTTP {statuses}",
        "rejected": "any other error response",
        "malformed-response": "a response that cannot be parsed ({exceptions}), a success with a status other than 200 or without a MessageId",
        "unreachable": "no connection ({exceptions})",
        "no-response": "no response ({exceptions}; among them `ReadTimeoutError` and `ConnectionClosedError`)",
        "other": "any other exception",
    },
    "README.es.md": {
        "usage_limit_exceeded": "{error_codes}, o un mensaje que contiene *{message}*",
        "throttle": "{error_codes}, o HTTP {statuses}",
        "unavailable": "HTTP {statuses}",
        "server-error": "HTTP {statuses}",
        "rejected": "cualquier otra respuesta de error",
        "malformed-response": "una respuesta que no se puede interpretar ({exceptions}), un éxito con un estado distinto de 200 o sin MessageId",
        "unreachable": "no hay conexión ({exceptions})",
        "no-response": "no hay respuesta ({exceptions}; entre ellos `ReadTimeoutError` y `ConnectionClosedError`)",
        "other": "cualquier otra excepción",
    },
    "README.pt-BR.md": {
        "usage_limit_exceeded": "{error_codes}, ou uma mensagem que contém *{message}*",
        "throttle": "{error_codes}, ou HTTP {statuses}",
        "unavailable": "HTTP {statuses}",
        "server-error": "HTTP {statuses}",
        "rejected": "qualquer outra resposta de erro",
        "malformed-response": "uma resposta que não pode ser interpretada ({exceptions}), um sucesso com status diferente de 200 ou sem MessageId",
        "unreachable": "sem conexão ({exceptions})",
        "no-response": "sem resposta ({exceptions}; entre eles `ReadTimeoutError` e `ConnectionClosedError`)",
        "other": "qualquer outra exceção",
    },
}


def table_row(kind: ErrorKind, name: str) -> str:
    """Return the row of an error kind: how it is recognized, its code, and the number of attempts."""
    recognized = name.format(
        error_codes=", ".join(f"`{code}`" for code in sorted(kind.error_codes)),
        statuses=", ".join(map(str, sorted(kind.statuses))),
        message=", ".join(kind.messages),
        exceptions=", ".join(f"`{exception.__name__}`" for exception in kind.exceptions),
    )
    return f"| {recognized} | `{kind.code}` | {1 + len(kind.retry_pauses)} |"


@pytest.mark.parametrize("readme", README_TEXTS)
def test_table_of_error_codes_and_retries_equals_the_code(readme: str) -> None:
    """The README lists every kind, in the order in which the connector compares them."""
    rows = re.findall(r"^\| .+ \| `[a-z_]+` \| \d \|$", README_TEXTS[readme], re.MULTILINE)
    assert rows == [table_row(kind, NAMES[readme][kind.name]) for kind in ERRORS.kinds]


def troubleshooting_rows(text: str) -> dict[str, str]:
    """Return the connector's code for each AWS error code in the first column of the troubleshooting table."""
    rows = re.findall(r"^\| `([a-z_]+)`: ((?:`\w+`(?:, )?)+)", text, re.MULTILINE)
    return {error_code: code for code, listed in rows for error_code in re.findall(r"`(\w+)`", listed)}


@pytest.mark.parametrize("readme", README_TEXTS)
def test_troubleshooting_table_agrees_with_the_classification(readme: str) -> None:
    """Each AWS error code is listed under the code that the connector raises for it."""
    listed = troubleshooting_rows(README_TEXTS[readme])
    responses: dict[str, Any] = {code: {"Error": {"Code": code}, "ResponseMetadata": {}} for code in listed}
    assert listed == {code: ERRORS.classify(ClientError(it, "SendEmail")).code for code, it in responses.items()}


@pytest.mark.parametrize("readme", README_TEXTS)
def test_readme_mentions_every_error_of_send_email(readme: str) -> None:
    """The errors come from botocore's service model, which Amazon publishes."""
    operation = get_session().get_service_model("sesv2").operation_model("SendEmail")
    errors = {shape.name for shape in operation.error_shapes}
    assert errors
    assert {name for name in errors if f"`{name}`" not in README_TEXTS[readme]} == set()
