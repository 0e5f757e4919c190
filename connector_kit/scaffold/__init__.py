"""``connector-kit new``: writes the package of a new connector, which conforms before its author changes a line."""
