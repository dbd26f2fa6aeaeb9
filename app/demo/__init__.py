"""Invented sample lists, as messy as real exports: what `flask enrich demo` runs on."""
