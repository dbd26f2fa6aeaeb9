"""Normalised columns of a company, from its raw ones, by rules alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.normalizer.company_names import normalize_company_name
from app.normalizer.countries import normalize_country
from app.normalizer.headcount import normalize_headcount
from app.normalizer.industries import normalize_industry
from app.normalizer.years import normalize_year
from app.values.hosts import own_domain


def normalize_company(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return every normalised column of a company, None if the rules cannot tell.

    `fields` holds the raw columns under their names; missing, None, blank and wrongly typed values all count as
    absent. The same input gives the same answer, without any network; no value makes it raise.
    """
    name = fields.get("name")
    headcount = normalize_headcount(fields.get("headcount"))
    country = normalize_country(fields.get("hq_country_code"), fields.get("hq_country"), fields.get("location"))
    return {
        "normalized_name": normalize_company_name(name, country),
        "normalized_domain": own_domain(fields.get("domain"), name) or own_domain(fields.get("website"), name),
        "normalized_industry": normalize_industry(fields.get("industry"), fields.get("industries")),
        "normalized_headcount_min": headcount.lowest,
        "normalized_headcount_max": headcount.highest,
        "normalized_country_code": country,
        "normalized_year_founded": normalize_year(fields.get("year_founded")),
    }
