"""The HTTP client for all calls of providers."""
