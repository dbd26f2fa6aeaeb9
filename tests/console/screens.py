"""Every screen of the console, from its addresses: whoever adds one has it walked by all tests that walk them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from flask import Flask
from werkzeug.routing import AnyConverter, Rule

NO_SCREENS = frozenset(
    {
        "console.asset",
        "console.begin_single_sign_on",
        "console.end_single_sign_on",
        "console.export_download",
        "console.export_file",
        "console.link",
        "console.root",
    }
)
"""What is answered with a file, leads elsewhere, or is for who is not signed in."""
VARIANTS = (
    "/console/companies?missing=headcount",
    "/console/new?type=person&missing=email&limit=50&provider=waterfall",
    "/console/costs?by=day",
    "/console/costs?by=job",
    "/console/caps/set?provider=findymail&workspace=default&usd=5",
)
"""Screens that show something else by what stands behind their address."""


def screens(app: Flask, known: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the path of each screen; `known` has what may stand in an address, by its name there.

    An address with a name that is not known is an error: say there what it stands for.
    """
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("console.")]
    shown = [rule for rule in rules if rule.endpoint not in NO_SCREENS and "GET" in (rule.methods or ())]
    return [*(path for rule in shown for path in _paths(rule, known)), *VARIANTS]


def _paths(rule: Rule, known: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = sorted(rule.arguments)
    values = [_values(rule, name, known) for name in names]
    for chosen in product(*values):
        path = rule.rule
        for name, value in zip(names, chosen, strict=True):
            path = re.sub(rf"<[^<>]*\b{name}>", value.replace("\\", ""), path, count=1)
        yield f"{path}?field=email" if path.endswith("/undo") else path


def _values(rule: Rule, name: str, known: Mapping[str, Sequence[str]]) -> Sequence[str]:
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return sorted(converter.items)
    assert name in known, f"{rule.rule}: expected to know what may stand for {name}"
    return known[name]
