"""GitHub on the loopback interface: https://docs.github.com/rest/users."""

from collections.abc import Mapping
from typing import Any, ClassVar

from conformance import HttpRequest, HttpResponse, OAuth2Provider


class GitHubProvider(OAuth2Provider):
    """Replaces ``github.com`` and ``api.github.com``. Errors of the token endpoint have the status 200."""

    scheme = "https"
    host_names = ("github.com", "api.github.com")
    endpoints: ClassVar[Mapping[str, str]] = {}
    authorization_path = "/login/oauth/authorize"
    token_path = "/login/oauth/access_token"  # noqa: S105 - a path
    user_path = "/user"
    token_format = "form"  # noqa: S105 - a media type
    _last_id = 1_000

    def new_user(self) -> str:
        """Return a number: GitHub's ids are numbers."""
        GitHubProvider._last_id += 1
        return str(GitHubProvider._last_id)

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return a user without a public e-mail address."""
        avatar = f"https://avatars.githubusercontent.com/u/{user_id}"
        return {"id": int(user_id), "login": f"user{user_id}", "name": None, "email": None, "avatar_url": avatar}

    def resource(self, request: HttpRequest, user_id: str) -> Any:
        """Return the e-mail addresses of a user."""
        if request.path != "/user/emails":
            return super().resource(request, user_id)
        address = {"email": f"{user_id}@user.example", "primary": True, "verified": True, "visibility": "private"}
        other = {"email": f"{user_id}@other.example", "primary": False, "verified": True, "visibility": None}
        return [other, address]

    def token_response(self, tokens: Mapping[str, Any], user_id: str) -> Mapping[str, Any]:
        """Return the tokens with the scope that the user has granted."""
        del user_id
        return {**tokens, "token_type": "bearer", "scope": "read:user,user:email"}

    def error_response(self, status: int, error: str, message: str) -> HttpResponse:
        """Return an error of the API; errors of OAuth 2 have the status 200."""
        code = {"invalid_grant": "bad_verification_code", "invalid_client": "incorrect_client_credentials"}.get(
            error, error
        )
        body = {"error": code, "error_description": message, "error_uri": "https://docs.github.com/apps/oauth-apps"}
        if error in {"invalid_grant", "invalid_client"}:
            return HttpResponse.json(body, 200)
        return HttpResponse.json({"message": message, "documentation_url": "https://docs.github.com/rest"}, status)
