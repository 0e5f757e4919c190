"""The project of a new connector: its names, and its files, made from the templates in this folder."""

import keyword
import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

from connector_kit.discovery import ENTRY_POINT_GROUP, installed_connectors
from connector_kit.logto_package.official_ids import OFFICIAL_IDS
from connector_kit.suggestions import did_you_mean

APIS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("json", "form", "aws", "smtp", "templates", "none"),
    "sms": ("json", "form", "aws", "templates", "none"),
    "social": ("json",),
}
"""By type of a connector: the kinds of API for which there are templates, in ``templates/<type>-<api>``."""

APIS_WITH_URL: Final = frozenset({"json", "form", "templates", "none"})
"""The APIs with one address; of the others, the config decides it."""

_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "email": "Sends Logto's verification codes by e-mail through {}.",
    "sms": "Sends Logto's verification codes by text message through {}.",
    "social": "Signs users in to Logto with {}.",
}
_KIT: Final = "logto-connector-kit"
_MODULE: Final = "MODULE"
"""In the path of a template: the name of the project's Python package."""

_SUFFIX: Final = ".jinja"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_NAME: Final = 30
_IN_USE: Final = frozenset({"conformance", "connector_kit", "src", "tests"}) | sys.stdlib_module_names
"""Names of Python packages that a project cannot have: they are others, or its own folders."""

_PROVIDER_NAME: Final = re.compile(r"\w[\w .,&+'-]{0,29}")
_BASE_URL: Final = re.compile(r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9._~-]+)*")
_LONGEST_URL: Final = 60


@frozen
class Project:
    """The project of a new connector.

    Args:
        name: of the distribution, and the connector's id: words in lower case with hyphens, such as ``acme-mail``.
        connector_type: a key of `APIS`.
        api: one of its values.
        provider: the provider's name, for people.
        base_url: of the provider's API, without a slash at the end.
    """

    name: str
    connector_type: str
    api: str
    provider: str
    base_url: str

    @property
    def module(self) -> str:
        """The name of its Python package."""
        return self.name.replace("-", "_")

    def files(self) -> dict[str, bytes]:
        """Return the contents of its files by their paths, with slashes."""
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - takes 30 ms, and `--help` lists the command, too

        environment = Environment(
            loader=PackageLoader("connector_kit.scaffold"),
            variable_start_string="<<",  # braces are in the templates of messages, and in GitHub's workflows
            variable_end_string=">>",
            block_start_string="<%",
            block_end_string="%>",
            trim_blocks=True,
            keep_trailing_newline=True,
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - no HTML; the values have none of the characters that would need it
        )
        url = urlsplit(self.base_url)
        values = {
            "name": self.name,
            "module": self.module,
            "prefix": "".join(word.capitalize() for word in self.name.split("-")),
            "provider": self.provider,
            "description": _DESCRIPTIONS[self.connector_type].format(self.provider),
            "api": self.api,
            "base_url": self.base_url,
            "host": url.hostname,
            "base_path": url.path,
            "kit_version": version(_KIT),
        }
        folders = {"project/": "", f"{self.connector_type}-{self.api}/": f"src/{self.module}/"}
        return {
            path.replace(source, target, 1).replace(_MODULE, self.module).removesuffix(_SUFFIX): (
                environment.get_template(path).render(values).encode()
            )
            for path in environment.list_templates()
            for source, target in folders.items()
            if path.startswith(source)
        }


def default_provider(name: str) -> str:
    """Return the provider's name that a connector's name suggests: of ``acme-mail``, Acme Mail."""
    return " ".join(word.capitalize() for word in name.split("-"))


def default_base_url(name: str) -> str:
    """Return an address under ``.example``, which nobody can have (RFC 2606)."""
    return f"https://api.{name.partition('-')[0]}.example/v1"


def check_name(name: str) -> str:
    """Return a valid name of a connector.

    Raises:
        ValueError: it is not in kebab case or too long, names another Python package, or is the id of another connector.
    """
    module = name.replace("-", "_")
    if _NAME.fullmatch(name) is None or len(name) > _LONGEST_NAME:
        raise ValueError(
            f"expected words in lower case with hyphens, at most {_LONGEST_NAME} characters, such as acme-mail; found {name!r}"
        )
    if keyword.iskeyword(module) or module in _IN_USE or _is_other_package(name):
        raise ValueError(
            f"there is another Python package {module}; choose a name with the provider's, such as acme-{name}"
        )
    if name in OFFICIAL_IDS:
        raise ValueError(f"{name} is the id of one of Logto's own connectors; choose another, such as my-{name}")
    installed = installed_connectors().get(name)
    if installed is not None and (installed.dist is None or installed.dist.name != name):
        raise ValueError(f"{name} is the id of an installed connector, {installed.value}; choose another name")
    return name


def _is_other_package(name: str) -> bool:
    """Return whether an installed distribution has the name, and is not a connector of that name."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return False
    return name not in found.entry_points.select(group=ENTRY_POINT_GROUP).names


def check_provider(provider: str) -> str:
    """Return a valid name of a provider.

    Raises:
        ValueError: it has other characters than letters, digits, spaces and ``. , & + ' -``, or more than 30.
    """
    if _PROVIDER_NAME.fullmatch(provider) is None:
        raise ValueError(
            f"expected at most 30 letters, digits, spaces and . , & + ' -, with a letter first; found {provider!r}"
        )
    return provider


def check_base_url(url: str) -> str:
    """Return a valid address of an API.

    Raises:
        ValueError: it is not an https URL of a host, and perhaps a path, of at most 60 characters.
    """
    if _BASE_URL.fullmatch(url) is None or len(url) > _LONGEST_URL:
        raise ValueError(
            f"expected https://, a host, and perhaps a path without a slash at its end, at most {_LONGEST_URL} characters, "
            f"such as https://api.acme.example/v1; found {url!r}"
        )
    return url


def check_api(connector_type: str, api: str) -> str:
    """Return a kind of API for which there are templates.

    Raises:
        ValueError: there are none for this type of connector.
    """
    known = APIS[connector_type]
    if api not in known:
        raise ValueError(
            f"expected {_listed(known)} for the type {connector_type}{did_you_mean(api, known)}; found {api!r}"
        )
    return api


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
