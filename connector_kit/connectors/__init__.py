"""The connectors that come with the kit, each in a folder of its own."""
