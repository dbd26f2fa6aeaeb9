"""Limits of providers: rate limits, and the circuit breaker."""
