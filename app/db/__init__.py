"""Sessions and units of work, and what makes SQLite and PostgreSQL behave alike."""
