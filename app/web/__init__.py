"""HTTP conventions: blueprints, errors as JSON, bodies, access, documentation, health."""
