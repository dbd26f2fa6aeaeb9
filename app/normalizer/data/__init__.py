"""Word lists that the normaliser's rules read: plain data, no logic."""
