"""The matrix that CI runs, for a developer's machine: ``pipx run nox``, or ``pipx run nox -s tests-3.12``."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["tests", "lint"]

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests and judge coverage; arguments after ``--`` go to pytest instead."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "pytest", *(session.posargs or ("-n", "auto", "--cov")))


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Run ruff, mypy and import-linter."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")


@nox.session(python=PYTHONS[0])
def docs(session: nox.Session) -> None:
    """Write the generated pages: the tables, or all pages with ``-- --all``."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "tests.docs.regenerate", *session.posargs)
