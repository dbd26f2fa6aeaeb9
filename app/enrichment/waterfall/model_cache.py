"""The model cache: answers of the ai-normalizer's model, kept by text and not by entity.

A title or a company's name that was judged once need not be paid for again. An answer about a rare text may still
tell whose it was, so an erasure deletes the answers for an entity's values.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import select

from app.db.session import WriteSession
from app.db.sql import insert_missing, is_any_of
from app.enrichment.waterfall.workspace_registry import workspace_registry
from app.extensions import db
from app.models.cached_value import cached_values
from app.providers.base import Lookup


def load(keys: Iterable[str]) -> dict[str, Any]:
    """Return the cached answers under the keys; keys without an answer are left out."""
    query = select(cached_values.c.key, cached_values.c.value).where(is_any_of(cached_values.c.key, keys))
    return dict(db.session.connection().execute(query).all())


def save(session: WriteSession, answers: Mapping[str, Any]) -> None:
    """Keep answers by key. A key that has an answer keeps it."""
    rows = [{"key": key, "value": answers[key]} for key in sorted(answers)]
    insert_missing(session, cached_values, rows)


def delete(session: WriteSession, keys: Iterable[str]) -> None:
    """Delete the answers under the keys."""
    session.connection().execute(delete_from(cached_values).where(is_any_of(cached_values.c.key, keys)))


def keys_of(
    entity_type: str,
    entity_id: str,
    fields: Mapping[str, Any],
    former_values: Iterable[tuple[str, Any]],
    *,
    workspace_slug: str,
) -> set[str]:
    """Return the keys for an entity's present values and, by name of field, for its former ones.

    A key contains the model's name, so answers of a model that was configured earlier are not found.
    """
    states = [fields, *({**fields, name: value} for name, value in former_values)]
    lookups = [Lookup(entity_type, entity_id, state) for state in states]
    providers = workspace_registry(workspace_slug).providers.values()
    return {key for provider in providers for lookup in lookups for key in provider.cache_keys(lookup)}
