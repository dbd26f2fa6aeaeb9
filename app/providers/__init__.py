"""The providers: whom the service asks, and how."""
