"""Wrong social connectors that keep an earlier config or user, depend on the machine, or change it."""

import os
import sys
import tempfile
from typing import Any, ClassVar

from attrs import evolve

from connector_kit import AuthorizationRequest, ConnectorError, GetSession, SetSession, SocialUserInfo
from tests.conformance.right_connectors.social import HUB, Hub, LoginConfig
from tests.conformance.right_connectors.social_world import SEARCH, Search, Settings
from tests.conformance.wrong_connectors.base import killed_by

# --- memory ---------------------------------------------------------------------------------------------------------


@killed_by("social.changed-config", "after the saved config's", spec=HUB)
class FirstConfig(Hub):
    """Uses the first config that it has read for ever."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._first: LoginConfig | None = None

    def read_config(self, config: object = None) -> LoginConfig:
        found = super().read_config(config)
        self._first = self._first or found
        return self._first


@killed_by("social.changed-config", "to follow the saved config", spec=HUB)
class FirstScope(Hub):
    """Requests the scope of the first config that it has read for ever."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._scopes: list[str | None] = []

    def read_config(self, config: object = None) -> LoginConfig:
        found = super().read_config(config)
        self._scopes.append(found.scope)
        return evolve(found, scope=self._scopes[0])


@killed_by("social.config-unchanged", "it changed scope", spec=HUB)
class ChangesTheConfig(Hub):
    """Writes the scope that it has used into the saved config."""

    def read_config(self, config: object = None) -> LoginConfig:
        saved: Any = self.get_config(self.metadata.id)
        found = super().read_config(saved)
        if isinstance(saved, dict):
            saved["scope"] = f"{saved.get('scope')} openid"
        return found


@killed_by("social.state", "a parameter with the state", spec=HUB)
class StateOfTheInteraction(Hub):
    """Sends the state of the first request when a user begins again in the same interaction."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._states: dict[str, str] = {}

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        state = self._states.setdefault(request.jti, request.state)
        return super().get_authorization_uri(evolve(request, state=state), set_session)


@killed_by("social.provider-errors", "it returned normally", spec=HUB)
class UserOfAnEarlierSignIn(Hub):
    """Returns the previous user if the provider does not respond as expected."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._previous: SocialUserInfo | None = None

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        try:
            self._previous = super().get_user_info(data, get_session)
        except ConnectorError:
            if self._previous is None:
                raise
        return self._previous


@killed_by("social.key-rotation", "to request the provider's keys again", spec=SEARCH)
class KeysForEver(Search):
    """Keeps the provider's first keys for ever."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._keys: Any = None

    def keys(self, config: Settings) -> Any:
        self._keys = self._keys or super().keys(config)
        return self._keys


# --- the machine ----------------------------------------------------------------------------------------------------


class _Before(Hub):
    """Does something when a user returns."""

    def prepare(self) -> None:
        raise NotImplementedError

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        self.prepare()
        return super().get_user_info(data, get_session)


@killed_by("social.environment", "CLIENT_SECRET", spec=HUB)
class SecretOfTheEnvironment(Hub):
    """Prefers the client secret of the environment."""

    def read_config(self, config: object = None) -> LoginConfig:
        found = super().read_config(config)
        return evolve(found, client_secret=os.environ.get("HUB_CLIENT_SECRET", found.client_secret))


@killed_by("social.process-state", "the limit of digits of integers", spec=HUB)
class AllowsLongIntegers(_Before):
    """Removes the limit of digits of integers for the whole process, once."""

    def prepare(self) -> None:
        if sys.get_int_max_str_digits():
            sys.set_int_max_str_digits(0)


@killed_by("social.files", "leave no file behind", spec=HUB)
class LeavesAFile(_Before):
    """Leaves a file in the folder for temporary files."""

    def prepare(self) -> None:
        handle, _ = tempfile.mkstemp(prefix="hub-")
        os.close(handle)


@killed_by("social.resources", "open file descriptors", spec=HUB)
class KeepsDescriptors(_Before):
    """Opens a file for each user and does not close it."""

    open_files: ClassVar[list[int]] = []

    def prepare(self) -> None:
        self.open_files.append(os.open(os.devnull, os.O_RDONLY))
