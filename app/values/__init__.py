"""One reading of every kind of value that several parts share.

Import, identity, the normaliser, the adapters, exclusions and exports all ask here, so that no two of them disagree
on whom a value is about. Nothing here imports another part of the application.
"""
