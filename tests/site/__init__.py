"""The built site, read from its files; what needs a browser is in tests/browser."""
