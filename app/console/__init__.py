"""The console: pages for people, under `/console`.

They are made here, by Jinja, and work without a script; htmx and a hundred lines of our own keep what they show up to
date. Pages call what routes and commands call, and never a table.
"""

from app.console import (
    actions,
    api_keys,
    audit,
    daily_caps,
    entity,
    entity_lists,
    errors,
    exclusions,
    export_files,
    exports,
    imports,
    jobs,
    lists,
    money,
    new_job,
    overview,
    pilots,
    providers,
    retries,
    sign_in,
    users,
    webhooks,
    what_ifs,
    yields,
)
from app.console.blueprint import blueprint

__all__ = [
    "actions",
    "api_keys",
    "audit",
    "blueprint",
    "daily_caps",
    "entity",
    "entity_lists",
    "errors",
    "exclusions",
    "export_files",
    "exports",
    "imports",
    "jobs",
    "lists",
    "money",
    "new_job",
    "overview",
    "pilots",
    "providers",
    "retries",
    "sign_in",
    "users",
    "webhooks",
    "what_ifs",
    "yields",
]
