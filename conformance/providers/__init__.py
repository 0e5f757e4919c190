"""The stubs of providers that come with the suite."""
