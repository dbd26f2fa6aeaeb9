"""Chunks through the providers: what is asked, what may start, what came back, what is stored."""
