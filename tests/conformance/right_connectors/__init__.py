"""Correct connectors for the suite to accept, each as different from the others as possible: one module each."""

from conformance import Spec
from tests.conformance.right_connectors.everything import EVERYTHING
from tests.conformance.right_connectors.form_mail import FORM_MAIL
from tests.conformance.right_connectors.form_sms import FORM_SMS
from tests.conformance.right_connectors.forwarder import FORWARDER
from tests.conformance.right_connectors.in_memory import IN_MEMORY
from tests.conformance.right_connectors.nested_json import NESTED_JSON
from tests.conformance.right_connectors.plain_text import PLAIN_TEXT
from tests.conformance.right_connectors.social import SOCIAL
from tests.conformance.right_connectors.template_ids import TEMPLATE_IDS
from tests.conformance.right_connectors.token_mail import TOKEN_MAIL

RIGHT: tuple[Spec, ...] = (
    *IN_MEMORY,
    FORWARDER,
    PLAIN_TEXT,
    FORM_SMS,
    FORM_MAIL,
    NESTED_JSON,
    EVERYTHING,
    TOKEN_MAIL,
    TEMPLATE_IDS,
    *SOCIAL,
)
