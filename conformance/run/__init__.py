"""Runs checks: which, on what, in how many processes, and what came of each."""
