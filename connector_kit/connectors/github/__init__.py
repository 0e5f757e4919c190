"""GitHub: signs users in with OAuth 2."""

from connector_kit.connectors.github.connector import GitHubConfig, GitHubConnector

__all__ = ["GitHubConfig", "GitHubConnector"]
