"""Writes the npm package that makes a hosted Python connector a connector of Logto's own kind. Extra: ``serve``."""
