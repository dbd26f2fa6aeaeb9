"""The ai-normalizer as a provider: rules only, so no key, no network and no cost."""

from app.providers.base import Answer, Lookup, OutcomeClass
from app.providers.normalizer.companies import normalize_company
from app.providers.normalizer.people import normalize_person

_RULES = {"person": normalize_person, "company": normalize_company}


class AiNormalizer:
    """Writes the normalised form of what is already known of an entity.

    Its answer carries every normalised column, None for those that the rules
    leave open: the normaliser owns these columns, and a value that was derived
    from text which has changed since must not stay.
    """

    name = "ai-normalizer"
    entity_types = frozenset(_RULES)
    repeat_is_free = True

    async def lookup(self, lookup: Lookup) -> Answer:
        """Apply the rules to the entity's raw fields."""
        fields = _RULES[lookup.entity_type](lookup.fields)
        if any(value is not None for value in fields.values()):
            return Answer(OutcomeClass.SUCCESS, fields=fields)
        return Answer(
            OutcomeClass.SKIPPED_INSUFFICIENT_INPUT,
            fields=fields,
            error="No field that could be normalised has a value.",
        )
