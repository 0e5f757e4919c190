"""Provider stubs: the base class, HTTP and OAuth 2 providers, Amazon SES, and the loopback server."""
