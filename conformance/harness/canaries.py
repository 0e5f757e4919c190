"""Canaries: random secrets, planted to detect leaks and to keep secrets out of reports."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, ClassVar, Final, TypeAlias

from attrs import frozen

from conformance.harness.leaks import LeakIndex
from conformance.secret_forms import FREE, OWN_VALUE, Form, NewSecret, new_form, own_value
from conformance.secret_paths import Place, places_of, value_at, with_value

_ATTEMPTS: Final = 20
"""How often a new secret of one form may be invalid before the form counts as wrong."""

_REMEMBERED: Final = 500

KnownForms: TypeAlias = dict[tuple[Place, str], Form]
"""The forms of secrets, by the place and the text of the value that they replace."""


@frozen
class _Canary:
    name: str
    secret: NewSecret

    def add_to(self, index: LeakIndex) -> None:
        for part in self.secret.secret:
            index.add(self.name, part, self.secret.prefix, has_words=self.secret.has_words)


def _anything(_: object) -> bool:
    return True


class Canaries:
    """The canaries of one check.

    Args:
        accepts: returns whether a config is valid.
        makers: by path, functions that make another secret; where there is none, the value in the config is varied.
        forms: the forms of secrets that are known for the same schema, by place and value: to find one takes a dozen
            validations, which together were a tenth of a run.
    """

    _recent: ClassVar[deque[_Canary]] = deque(maxlen=_REMEMBERED)
    """The latest canaries of this process: a connector may keep one beyond its check, and a report must not show it."""

    def __init__(
        self,
        accepts: Callable[[Mapping[str, Any]], bool] = _anything,
        makers: Mapping[str, Callable[[], object]] | None = None,
        forms: KnownForms | None = None,
    ) -> None:
        self._accepts = accepts
        self._makers = makers or {}
        self._known_forms = {} if forms is None else forms
        self._forms: dict[Place, Form] = {}
        self._made: list[_Canary] = []
        self._of_all, self._newer = LeakIndex(), LeakIndex()
        self._newer_canaries: list[_Canary] = []
        self._indexed = 0
        self._shown: tuple[int, LeakIndex] = (0, LeakIndex())

    def make(self, name: str) -> str:
        """Return a new canary: letters and digits, long enough not to occur by chance.

        Args:
            name: names the secret in messages, such as ``apiKey`` or ``the access token``.
        """
        return str(self._keep(name, FREE.make()))

    def add(self, name: str, secret: str) -> None:
        """Search for a secret that was made elsewhere."""
        self._keep(name, NewSecret(secret, (secret,)))

    def _keep(self, name: str, secret: NewSecret) -> object:
        canary = _Canary(name, secret)
        for kept in (self._made, self._recent, self._newer_canaries):
            kept.append(canary)
        return secret.value

    def plant(self, config: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
        """Return a copy of a config with a new canary for each secret at these paths; each keeps the secret's form."""
        planted, made = dict(config), {}
        for path in paths:
            for place in places_of(planted, path):
                made[place] = path, self._form_of(config, path, place).make()
                planted = with_value(planted, place, made[place][1].value)
        if self._accepts(planted):  # seldom not, and one validation is faster than one for each secret
            for path, secret in made.values():
                self._keep(path, secret)
            return planted
        planted = dict(config)
        for place, (path, secret) in made.items():
            planted = self._with_canary(planted, path, place, secret)
        return planted

    def _with_canary(self, config: dict[str, Any], path: str, place: Place, made: NewSecret) -> dict[str, Any]:
        for _ in range(_ATTEMPTS):
            if self._accepts(with_value(config, place, made.value)):
                break
            made = self._form_of(config, path, place).make()
        self._keep(path, made)
        changed: dict[str, Any] = with_value(config, place, made.value)
        return changed

    def _form_of(self, config: Mapping[str, Any], path: str, place: Place) -> Form:
        if place not in self._forms:
            self._forms[place] = self._form_for(config, path, place)
        return self._forms[place]

    def _form_for(self, config: Mapping[str, Any], path: str, place: Place) -> Form:
        value = value_at(config, place)
        if path in self._makers:
            return Form("made by the Spec", lambda: _of_maker(self._makers[path]))
        known = self._known_forms.get((place, repr(value)))
        if known is None:
            known = new_form(value, lambda it: self._accepts(with_value(config, place, it))) or own_value(value)
            self._known_forms[place, repr(value)] = known
        return known

    @property
    def forms(self) -> dict[Place, str]:
        """The form of each canary that replaces a value of a config, by its place."""
        return {place: form.description for place, form in self._forms.items() if form.description != OWN_VALUE}

    def set_baseline(self) -> None:
        """Mark the canaries made so far as those of all examples."""
        for canary in self._newer_canaries:
            canary.add_to(self._of_all)
        self.drop_newer()

    def drop_newer(self) -> None:
        """Stop searching for the canaries made since the baseline: the example that made them has ended.

        `redact` still replaces them.
        """
        self._newer_canaries.clear()
        self._newer.remove_all()
        self._indexed = 0

    def _index(self) -> None:
        for canary in self._newer_canaries[self._indexed :]:
            canary.add_to(self._newer)
        self._indexed = len(self._newer_canaries)

    def found_in(self, text: str) -> list[str]:
        """Return the names of the canaries in a text, whole or in part, plain or encoded, sorted."""
        self._index()
        return sorted(self._of_all.names_in(text) | self._newer.names_in(text))

    def redact(self, text: str) -> str:
        """Return the text with every canary, and every part of one, replaced by its name."""
        parts, end_of_last = [], 0
        for start, end, name in self._all().spans_in(text):
            parts += [text[end_of_last:start], f"[secret: {name}]"]
            end_of_last = end
        return "".join((*parts, text[end_of_last:]))

    def _all(self) -> LeakIndex:
        """Return an index of the canaries of this check, and of the latest ones of this process."""
        if self._shown[0] != len(self._made):
            index = LeakIndex(is_for_few_searches=True)
            for canary in dict.fromkeys(chain(self._made, self._recent)):
                canary.add_to(index)
            self._shown = len(self._made), index
        return self._shown[1]


def _of_maker(make: Callable[[], object]) -> NewSecret:
    value = make()
    return NewSecret(value, (str(value),))
