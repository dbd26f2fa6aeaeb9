"""People and companies: what is stored about them, and the ways in and out."""
