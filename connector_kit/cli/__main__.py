"""``python -m connector_kit.cli`` is ``connector-kit``."""

from connector_kit.cli import main

main()
