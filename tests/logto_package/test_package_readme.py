"""The README of a package has no relative links: the package does not contain the files that they lead to."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from attrs import evolve
from markdown_it import MarkdownIt
from markdown_it.token import Token

from connector_kit import Connector, ConnectorMetadata
from connector_kit.discovery import find_connector, installed_connectors
from connector_kit.logto_package.package import build_package
from connector_kit.logto_package.readme import remove_relative_links
from tests.interop.logto.acme_sms import AcmeSms

_EVERY_FORM = """\
# Acme

[![Build](https://ci.example/badge.svg)](docs/ci.md) [![Local](badge.svg)](https://ci.example/)
[guide](GUIDE.md), [section](GUIDE.md#part "Title"), [spaces](<a guide.md>), [up](../up.md), [root](/root.md),
[brackets [inside] it](a_(b).md), [site](https://example.com/a.md "T"), [mail](mailto:a@b.co), [below](#acme), [//](//cdn.example/x)
![logo](./logo.png) ![remote](https://example.com/logo.png) ![](empty.png)
[full][one], [ONE][], [one], ![picture][Two  words], [kept][far], [far], [a note], [x] done
<a href="GUIDE.md">html</a> <A class=b HREF='x.md'><img alt="in" src="in.png"></A> <a href="https://example.com">site</a>
<img src="a.png" alt="chart"> <img src=b.png> <img src="https://example.com/c.png" alt="c"> <a name="here"></a>
<picture><source srcset="dark.png"><img src="light.png" alt="both"></picture>

Code: `[a](b.md)` and ``<a href="c.md">``.

```json
{"content": "<a href=\\"{{link}}\\">[t](u.md)</a>"}
```

- item

  ~~~md
  ![v](w.png)
  ~~~

<!-- [hidden](hidden.md) -->

[one]: docs/one.md "One"
[two words]: <two words.png>
[far]: https://example.com/far 'Far'
"""

_CLEANED = """\
# Acme

![Build](https://ci.example/badge.svg) [Local](https://ci.example/)
guide, section, spaces, up, root,
brackets [inside] it, [site](https://example.com/a.md "T"), [mail](mailto:a@b.co), [below](#acme), [//](//cdn.example/x)
logo ![remote](https://example.com/logo.png) \n\
full, ONE, one, picture, [kept][far], [far], [a note], [x] done
html in <a href="https://example.com">site</a>
chart  <img src="https://example.com/c.png" alt="c"> <a name="here"></a>
<picture>both</picture>

Code: `[a](b.md)` and ``<a href="c.md">``.

```json
{"content": "<a href=\\"{{link}}\\">[t](u.md)</a>"}
```

- item

  ~~~md
  ![v](w.png)
  ~~~

<!-- [hidden](hidden.md) -->

[far]: https://example.com/far 'Far'
"""


def _targets(markdown: str) -> Iterator[str]:
    """Yield the targets of all links and images, as another implementation of Markdown finds them."""

    def walk(tokens: list[Token]) -> Iterator[str]:
        for token in tokens:
            for name in ("href", "src"):
                if token.attrs.get(name):
                    yield str(token.attrs[name])
            if token.type in {"html_inline", "html_block"} and not token.content.startswith("<!--"):
                yield from re.findall(r"""(?i)\b(?:href|src|srcset)=["']?([^"'\s>]+)""", token.content)
            yield from walk(token.children or [])

    return walk(MarkdownIt("commonmark").parse(markdown))


def _relative(markdown: str) -> list[str]:
    return [it for it in _targets(markdown) if re.match(r"[a-z]+:|//|#", it) is None]


def test_relative_links_and_images_of_every_form_become_text() -> None:
    """Links that lead somewhere from anywhere, headings of the README and code are unchanged."""
    assert len(_relative(_EVERY_FORM)) > 18
    assert remove_relative_links(_EVERY_FORM) == _CLEANED
    assert _relative(_CLEANED) == []


def test_unclosed_brackets_take_no_time() -> None:
    """Each of these pairs could be read in two ways."""
    text = "[" + "[a](b)" * 60
    assert remove_relative_links(text) == "[" + "a" * 60


class _Linking(AcmeSms):
    """A connector whose README has links of every form."""

    metadata: ClassVar[ConnectorMetadata] = evolve(
        AcmeSms.metadata, logo="https://example.com/a.png", readme=_EVERY_FORM
    )


@pytest.mark.parametrize("connector", [*map(find_connector, installed_connectors()), AcmeSms, _Linking])
def test_package_contains_every_file_that_its_readme_links_to(connector: type[Connector[Any]]) -> None:
    """For every connector of this repository, and for one with links of every form."""
    package = build_package(connector)
    targets = _relative(package.files["README.md"].decode())
    assert [it for it in targets if it.partition("#")[0].removeprefix("./") not in package.files] == []
