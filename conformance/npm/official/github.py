"""``@logto/connector-github``, and the stub of GitHub's OAuth 2 and user endpoints."""

from collections.abc import Mapping
from itertools import count
from typing import Any, ClassVar, Final

from conformance.npm.official.package import STRING, OfficialPackage, config_schema
from conformance.providers.http_messages import HttpRequest
from conformance.providers.oauth2 import OAuth2Provider


class GitHub(OAuth2Provider):
    """The token endpoint responds with a form, or with JSON if the Accept header has it. It rejects codes with status 200."""

    scheme = "https"
    host_names = ("github.com", "api.github.com")
    endpoints: ClassVar[Mapping[str, str]] = {}
    authorization_path = "https://github.com/login/oauth/authorize"
    token_path = "/login/oauth/access_token"  # noqa: S105 - a path
    user_path = "/user"
    token_format = "form"  # noqa: S105 - a media type
    rejected_code_status = 200
    is_redirect_uri_required = False

    def __init__(self) -> None:
        super().__init__()
        self._numbers = count(583231)

    def new_user(self) -> str:
        """Return the next number."""
        return str(next(self._numbers))

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return the public profile of a user whose address is private."""
        profile = {"login": f"user-{user_id}", "name": f"Name of {user_id}", "email": None}
        return {"id": int(user_id), "avatar_url": f"https://avatars.example/u/{user_id}", **profile}

    def token_response(self, tokens: Mapping[str, Any], user_id: str) -> Mapping[str, Any]:  # noqa: ARG002 - GitHub grants every user the same scope
        """Add the scope."""
        return {**tokens, "scope": "read:user,user:email"}

    def resource(self, request: HttpRequest, user_id: str) -> Any:
        """Return the addresses of a user."""
        if request.path != "/user/emails":
            return super().resource(request, user_id)
        return [
            {"email": f"old-{user_id}@user.example", "primary": False, "verified": True, "visibility": None},
            {"email": f"{user_id}@user.example", "primary": True, "verified": True, "visibility": "private"},
        ]


GITHUB: Final = OfficialPackage(
    schema=config_schema("GitHub connector config", {"clientId": STRING, "clientSecret": STRING}, {"scope": STRING}),
    valid_config={
        "clientId": "Iv1.0123456789abcdef",
        "clientSecret": "0123456789abcdef0123456789abcdef01234567",
        "scope": "read:user user:email",
    },
    provider=GitHub,
    capabilities={"social"},
    secrets=("clientSecret",),
)
