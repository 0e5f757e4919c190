"""Correct connectors for the suite to accept, each as different from the others as possible: one module each."""

from conformance import Spec
from tests.conformance.right_connectors.api_mail import API_MAIL
from tests.conformance.right_connectors.bodies import BODIES
from tests.conformance.right_connectors.configs import (
    BUILT_IN,
    BY_TYPE,
    CLOSED,
    EITHER,
    NESTED_AUTH,
    OPTIONAL_TEMPLATES,
    SETTINGS,
    SIGNED,
)
from tests.conformance.right_connectors.everything import EVERYTHING
from tests.conformance.right_connectors.exchanges import EXCHANGES
from tests.conformance.right_connectors.form_mail import FORM_MAIL
from tests.conformance.right_connectors.form_sms import FORM_SMS
from tests.conformance.right_connectors.forwarder import FORWARDER
from tests.conformance.right_connectors.in_memory import IN_MEMORY
from tests.conformance.right_connectors.nested_json import NESTED_JSON
from tests.conformance.right_connectors.official_mailgun import OFFICIAL_MAILGUN
from tests.conformance.right_connectors.official_postmark import OFFICIAL_POSTMARK
from tests.conformance.right_connectors.official_sendgrid import OFFICIAL_SENDGRID
from tests.conformance.right_connectors.official_smtp import OFFICIAL_SMTP
from tests.conformance.right_connectors.official_twilio import OFFICIAL_TWILIO
from tests.conformance.right_connectors.official_vonage import OFFICIAL_VONAGE
from tests.conformance.right_connectors.patient import PATIENT
from tests.conformance.right_connectors.plain_text import PLAIN_TEXT
from tests.conformance.right_connectors.resources import LOOP, PAGED_USAGE, POOLED
from tests.conformance.right_connectors.secret_forms import SECRET_FORMS
from tests.conformance.right_connectors.social import SOCIAL
from tests.conformance.right_connectors.social_world import SOCIAL_WORLD
from tests.conformance.right_connectors.template_ids import FORMS_OF_IDS, TEMPLATE_IDS
from tests.conformance.right_connectors.text_messages import TEXT_MESSAGES
from tests.conformance.right_connectors.token_mail import TOKEN_MAIL
from tests.conformance.right_connectors.transports import TRANSPORTS

_CONFIGS: tuple[Spec, ...] = (SETTINGS, CLOSED, OPTIONAL_TEMPLATES, BUILT_IN, EITHER, NESTED_AUTH, BY_TYPE, SIGNED)
_RESOURCES: tuple[Spec, ...] = (POOLED, LOOP, PAGED_USAGE)
_OFFICIAL: tuple[Spec, ...] = (
    OFFICIAL_MAILGUN,
    OFFICIAL_POSTMARK,
    OFFICIAL_SENDGRID,
    *OFFICIAL_SMTP,
    OFFICIAL_TWILIO,
    OFFICIAL_VONAGE,
)

FAMILIES: tuple[tuple[tuple[Spec, ...], tuple[str, ...]], ...] = (
    (BODIES, ("delivery", "rendering")),
    (TEXT_MESSAGES, ("delivery", "rendering")),
    (SECRET_FORMS, ("errors", "secrets")),
    (_CONFIGS, ("config", "metadata")),
    (_RESOURCES, ("errors", "isolation", "usage")),
    (PATIENT, ("delivery", "errors", "isolation")),
    (EXCHANGES, ("delivery", "errors", "operator", "transport")),
    (TRANSPORTS, ("delivery", "errors", "isolation", "transport")),
    (_OFFICIAL, ("delivery", "errors", "routing", "secrets")),
)
"""Connectors that share most of their code, and the areas of checks in which they differ from each other."""

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
    *FORMS_OF_IDS,
    *BODIES,
    *TEXT_MESSAGES,
    *SECRET_FORMS,
    *_CONFIGS,
    *_RESOURCES,
    *SOCIAL,
    *PATIENT,
    *SOCIAL_WORLD,
    API_MAIL,
    *EXCHANGES,
    *TRANSPORTS,
    *_OFFICIAL,
)
