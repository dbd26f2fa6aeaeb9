"""Normalised columns of a person, from the raw ones, by rules alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.normalizer.countries import normalize_country
from app.normalizer.job_titles import normalize_job_title
from app.normalizer.names import normalize_name
from app.normalizer.phones import normalize_phone
from app.values.emails import email_address, mail_domain
from app.values.hosts import employer_domain, is_mail_provider, own_domain


def normalize_person(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return every normalised column of a person, None if the rules cannot tell.

    `fields` holds the raw columns under their names; missing, None, blank and wrongly typed values all count as
    absent. The same input gives the same answer, without any network; no value makes it raise.
    """
    name = normalize_name(fields.get("first_name"), fields.get("last_name"), fields.get("full_name"))
    title = normalize_job_title(fields.get("job_title"), fields.get("company"))
    email = email_address(fields.get("email"))
    country = normalize_country(
        fields.get("location_country_code"), fields.get("location_country"), fields.get("location")
    )
    phone = normalize_phone((fields.get("phone"), fields.get("mobile_phone")), country)
    return {
        "normalized_first_name": name.first,
        "normalized_last_name": name.last,
        "normalized_full_name": name.full,
        "normalized_job_title": title.title,
        "normalized_seniority": title.seniority,
        "normalized_email": email,
        "normalized_email_is_free": None if email is None else is_mail_provider(mail_domain(email)),
        "normalized_phone": phone.e164 if phone else None,
        "normalized_phone_is_valid": phone.is_valid if phone else None,
        "normalized_country_code": country,
        "normalized_company_domain": _company_domain(fields, email),
    }


def _company_domain(fields: Mapping[str, Any], email: str | None) -> str | None:
    """Return the domain of the person's company, else that of an e-mail address, if it is not private."""
    if domain := own_domain(fields.get("company_domain"), fields.get("company")):
        return domain
    return employer_domain(mail_domain(email)) if email else None
