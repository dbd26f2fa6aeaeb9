"""Money: caps, reservations and what was spent."""
