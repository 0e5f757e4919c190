"""Writes an npm package with which Logto loads a hosted Python connector like a native one. Extra: ``serve``."""
