"""Which column of a CSV file means which field.

The tables hold the headers that list exports use: Apollo, LinkedIn Sales Navigator through its
common exporters (Evaboot, PhantomBuster), HubSpot, Salesforce and Clay, and some in German,
French and Spanish. Headers are compared by their letters and digits alone, in one case, so that
"First Name", "first_name" and "firstName" are one; our own field names need no entry.

The order within a field is the order of trust: where a file has two columns for one field, the
one that stands first here gives the value and the others step in where it is blank.
"""

import unicodedata
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from app.entities.ids import EntityType

MAX_HEADER_CHARS: Final = 200
ID_FIELD: Final = "id"
EXTRA_FIELD: Final = "extra"

# A name with a dot is an entry of a dict field: "social_urls.facebook".
_PERSON: Final[Mapping[str, Sequence[str]]] = {
    "id": ("External ID", "Record ID", "Record ID - Contact", "Contact ID", "Person ID", "Lead ID", "Prospect ID",
           "Contact Record ID", "Entity ID"),
    "email": ("Work Email", "Email Address", "Business Email", "Professional Email", "Primary Email", "Company Email",
              "Contact Email", "Work Email Address", "Mail", "Verified Email", "Final Email", "Emails",
              "E-Mail-Adresse", "Geschäftliche E-Mail", "Adresse e-mail", "Courriel", "Correo electrónico", "Correo",
              "Secondary Email", "Personal Email", "Private Email", "Other Email"),
    "email_status": ("Email Validation", "Email Validation Status", "Email Verification", "Email Verification Status",
                     "Email Verification Result", "Work Email Status", "Primary Email Status"),
    "first_name": ("Given Name", "Forename", "First", "Fname", "Contact First Name", "Prospect First Name", "Vorname",
                   "Prénom", "Nombre"),
    "last_name": ("Surname", "Family Name", "Last", "Lname", "Contact Last Name", "Prospect Last Name", "Nachname",
                  "Familienname", "Nom de famille", "Apellido", "Apellidos"),
    "full_name": ("Name", "Contact Name", "Contact Full Name", "Person Name", "Prospect Name", "Prospect Full Name",
                  "Lead Name", "Vollständiger Name", "Vor- und Nachname", "Nom complet", "Nombre completo"),
    "job_title": ("Title", "Position", "Job Position", "Current Job Title", "Current Title", "Current Position",
                  "Prospect Position", "Contact Title", "LinkedIn Job Title", "Jobtitel", "Berufsbezeichnung",
                  "Stellenbezeichnung", "Intitulé du poste", "Poste", "Fonction", "Cargo", "Puesto", "Role"),
    "headline": ("LinkedIn Headline", "Profile Headline"),
    "seniority": ("Seniority Level", "Management Level", "Job Seniority", "Job Level", "Employment Seniority"),
    "departments": ("Department", "Job Department", "Abteilung"),
    "functions": ("Function", "Job Function", "Job Functions"),
    "linkedin_url": ("Person Linkedin Url", "LinkedIn Profile URL", "LinkedIn Profile", "Contact LinkedIn URL",
                     "Contact LinkedIn Profile URL", "Prospect LinkedIn URL", "Personal LinkedIn URL",
                     "LinkedIn Public Profile URL", "Public Profile URL", "Public LinkedIn URL", "Default Profile URL",
                     "LinkedIn", "LinkedIn Link", "LinkedIn Profile Link", "Person LinkedIn", "LinkedIn Bio",
                     "LinkedIn Profil", "Profil LinkedIn", "Profile URL", "Profile Link", "URL"),
    "location": ("Person Location", "Contact Location", "Prospect Location", "Full Location", "Standort"),
    "location_city": ("City", "Person City", "Contact City", "Mailing City", "Stadt", "Ort", "Wohnort", "Ville",
                      "Ciudad"),
    "location_state": ("State", "Person State", "Contact State", "State/Region", "State/Province", "Mailing State",
                       "Mailing State/Province", "Province", "Bundesland", "Bundesland/Region", "Region"),
    "location_country": ("Country", "Person Country", "Contact Country", "Country/Region", "Mailing Country", "Land",
                         "Land/Region", "Pays", "Pays/Région", "País", "País/región"),
    "location_country_code": ("Country Code", "Person Country Code", "Country/Region Code", "Country ISO",
                              "Country ISO Code", "ISO Country Code", "Ländercode"),
    "phone": ("Phone Number", "Work Direct Phone", "Direct Phone", "Direct Dial", "Work Phone", "Work Phone Number",
              "Business Phone", "Office Phone", "Contact Phone", "Contact Phone Number", "Telephone",
              "Telephone Number", "Tel", "First Phone", "Telefon", "Telefonnummer", "Téléphone",
              "Numéro de téléphone", "Teléfono", "Número de teléfono", "Corporate Phone", "Other Phone", "Home Phone"),
    "mobile_phone": ("Mobile", "Mobile Phone Number", "Mobile Number", "Cell Phone", "Cell Phone Number", "Cell",
                     "Cell Number", "Personal Phone", "Handy", "Handynummer", "Mobil", "Mobiltelefon",
                     "Mobiltelefonnummer", "Mobilnummer", "Téléphone portable", "Móvil"),
    "company": ("Company Name", "Account Name", "Organization", "Organization Name", "Organisation",
                "Organisation Name", "Current Company", "Current Company Name", "Employer", "Associated Company",
                "Primary Company", "Prospect Company", "Cleaned Company Name", "Company Name Cleaned", "Firma",
                "Firmenname", "Unternehmen", "Unternehmensname", "Name des Unternehmens", "Entreprise",
                "Nom de l'entreprise", "Société", "Empresa", "Nombre de la empresa", "Company Table Data",
                "Company Name for Emails"),
    "company_domain": ("Company Domain Name", "Domain", "Organization Domain", "Account Domain", "Company Website",
                       "Company Website URL", "Company Web", "Website", "Website URL", "Web Site",
                       "Organization Website", "Account Website", "Company URL", "Webseite", "Website-URL",
                       "Site web", "Sitio web"),
    "profile_summary": ("Summary", "About", "Bio", "Biography", "LinkedIn Summary", "Person Summary",
                        "Prospect Summary"),
    "profile_image_url": ("Profile Image", "Profile Picture", "Profile Picture URL", "Profile Photo",
                          "Profile Photo URL", "LinkedIn Profile Image URL", "Photo URL", "Picture URL", "Image URL",
                          "Avatar", "Avatar URL"),
    "skills": ("LinkedIn Skills", "All Skills", "Skill", "Kenntnisse"),
    "job_history": ("Experience", "Experiences", "Work History", "Work Experience", "Employment History"),
    "education": ("Educations", "Education History"),
    "certifications": ("Certificates", "Licenses & Certifications", "Zertifikate"),
    "languages": ("Language Skills", "Spoken Languages", "Sprachen"),
    "provider_ids.apollo": ("Apollo Contact Id", "Apollo Person Id", "Apollo Id", "Apollo Record Id"),
    "provider_ids.hubspot": ("HubSpot Contact ID", "HubSpot Record ID", "HubSpot ID"),
    "provider_ids.salesforce": ("Salesforce Contact ID", "Salesforce Lead ID", "Salesforce ID"),
    "provider_ids.linkedin": ("LinkedIn Member ID", "vmid", "Sales Navigator ID"),
}  # fmt: skip

_COMPANY: Final[Mapping[str, Sequence[str]]] = {
    "id": ("External ID", "Record ID", "Record ID - Company", "Company ID", "Account ID", "Organization ID",
           "Company Record ID", "Entity ID"),
    "name": ("Company Name", "Company", "Account Name", "Organization Name", "Organization", "Organisation Name",
             "Organisation", "Business Name", "Account", "Firma", "Firmenname", "Unternehmen", "Unternehmensname",
             "Name des Unternehmens", "Entreprise", "Nom de l'entreprise", "Société", "Empresa",
             "Nombre de la empresa", "Legal Name", "Company Legal Name", "Cleaned Company Name",
             "Company Name Cleaned", "Company Name for Emails"),
    "domain": ("Company Domain Name", "Company Domain", "Primary Domain", "Root Domain", "Website Domain",
               "Web Domain", "Domain Name", "Organization Domain", "Account Domain"),
    "website": ("Company Website", "Website URL", "Company Website URL", "Web Site", "Organization Website",
                "Account Website", "Homepage", "Company Homepage", "Company Web", "Webseite", "Website-URL",
                "Internetadresse", "Site web", "Sitio web", "Company URL", "URL"),
    "industry": ("Company Industry", "Primary Industry", "Main Industry", "LinkedIn Industry", "Account Industry",
                 "Branche", "Industrie", "Secteur", "Secteur d'activité", "Sector"),
    "industries": ("All Industries", "Secondary Industries", "Company Industries"),
    "company_keywords": ("Keywords", "Specialties", "Specialities", "Company Specialties", "Company Specialities",
                         "LinkedIn Specialties", "Schlagwörter"),
    "hashtags": ("Company Hashtags", "LinkedIn Hashtags"),
    "naics_codes": ("NAICS Code", "NAICS", "Primary NAICS Code"),
    "headcount": ("# Employees", "Employees", "Number of Employees", "No. of Employees", "Num Employees",
                  "Employee Count", "Company Employee Count", "Company Headcount", "Employee Headcount",
                  "Company Size", "Size", "Employee Range", "Company Employee Range", "Headcount Range",
                  "Company Size Range", "Staff Count", "Mitarbeiter", "Mitarbeiterzahl", "Anzahl Mitarbeiter",
                  "Anzahl der Mitarbeiter", "Effectif", "Número de empleados", "Number of Employees on LinkedIn",
                  "Employees on LinkedIn", "LinkedIn Employees"),
    "description": ("Company Description", "Short Description", "About", "About Us", "Overview", "Company Overview",
                    "LinkedIn Description", "SEO Description", "Summary", "Beschreibung"),
    "company_type": ("Organization Type", "Ownership", "Ownership Type", "Legal Form", "Rechtsform"),
    "year_founded": ("Founded Year", "Founded", "Founding Year", "Company Year Founded", "Company Founded Year",
                     "Company Founded", "Year Established", "Established", "Year Started", "Gründungsjahr",
                     "Gegründet", "Année de création"),
    "revenue": ("Annual Revenue", "Company Revenue", "Company Annual Revenue", "Revenue Range", "Estimated Revenue",
                "Company Revenue Range", "Annual Revenue Range", "Umsatz", "Jahresumsatz", "Chiffre d'affaires"),
    "location": ("Company Location", "HQ Location", "Headquarters Location", "Headquarters", "HQ", "Company HQ",
                 "Firmensitz", "Sitz", "Standort"),
    "hq_address": ("Company Address", "Headquarters Address", "Address", "Street Address", "Street",
                   "Company Street", "Billing Address", "Billing Street", "Adresse", "Anschrift", "Straße",
                   "Straße und Hausnummer", "Dirección"),
    "hq_city": ("City", "Company City", "Headquarters City", "Billing City", "Stadt", "Ort", "Ville", "Ciudad"),
    "hq_state": ("State", "Company State", "Headquarters State", "State/Region", "State/Province", "Billing State",
                 "Billing State/Province", "Province", "Bundesland", "Bundesland/Region", "Region"),
    "hq_country": ("Country", "Company Country", "Headquarters Country", "Country/Region", "Billing Country", "Land",
                   "Land/Region", "Pays", "Pays/Région", "País", "País/región"),
    "hq_country_code": ("Country Code", "Company Country Code", "Country/Region Code", "Country ISO",
                        "Country ISO Code", "ISO Country Code", "Ländercode"),
    "hq_postal_code": ("Postal Code", "Company Postal Code", "Zip", "Zip Code", "Zip/Postal Code", "Postcode",
                       "Billing Zip", "Billing Postal Code", "Billing Zip/Postal Code", "PLZ", "Postleitzahl",
                       "Code postal", "Código postal"),
    "office_locations": ("Locations", "Offices", "All Locations", "All Offices", "Other Locations"),
    "hq_phone": ("Company Phone", "Company Phone Number", "Headquarters Phone", "Corporate Phone", "Main Phone",
                 "Company Main Phone", "Account Phone", "Phone", "Phone Number", "Telephone", "Telephone Number",
                 "Telefon", "Telefonnummer", "Téléphone", "Numéro de téléphone", "Teléfono"),
    "linkedin_url": ("Company Linkedin Url", "LinkedIn Company Page", "LinkedIn Company URL",
                     "LinkedIn Company Profile", "LinkedIn Company Profile URL", "Company LinkedIn",
                     "Company LinkedIn Profile", "Company LinkedIn Page", "Company LinkedIn Link",
                     "Regular Company URL", "Account LinkedIn URL", "LinkedIn", "LinkedIn Page", "LinkedIn Profile",
                     "LinkedIn Profile URL", "LinkedIn Link"),
    "social_urls.facebook": ("Facebook Url", "Facebook", "Facebook Company Page", "Company Facebook",
                             "Company Facebook Url"),
    "social_urls.twitter": ("Twitter Url", "Twitter", "Twitter Handle", "Company Twitter", "Company Twitter Url",
                            "X Url"),
    "social_urls.instagram": ("Instagram Url", "Instagram", "Company Instagram"),
    "social_urls.youtube": ("YouTube Url", "YouTube", "Company YouTube"),
    "social_urls.crunchbase": ("Crunchbase Url", "Crunchbase"),
    "social_urls.xing": ("Xing Url", "Xing"),
    "social_urls.github": ("GitHub Url", "GitHub"),
    "technologies": ("Technology", "Tech Stack", "Web Technologies", "Technologies Used", "Company Technologies"),
    "provider_ids.apollo": ("Apollo Account Id", "Apollo Organization Id", "Apollo Id", "Apollo Record Id"),
    "provider_ids.hubspot": ("HubSpot Company ID", "HubSpot Record ID", "HubSpot ID"),
    "provider_ids.salesforce": ("Salesforce Account ID", "Salesforce ID"),
    "provider_ids.linkedin": ("LinkedIn Company ID", "LinkedIn ID", "Sales Navigator ID"),
    "funding_total": ("Total Funding", "Total Funding Amount", "Total Funding (USD)", "Company Total Funding",
                      "Total Money Raised", "Total Raised"),
    "funding_stage_latest": ("Latest Funding", "Latest Funding Stage", "Latest Funding Round", "Latest Funding Type",
                             "Last Funding Type", "Last Funding Round", "Last Funding Stage", "Funding Stage"),
    "funding_latest_date": ("Last Raised At", "Last Raised", "Last Funding Date", "Latest Funding Date",
                            "Last Funding At", "Funding Date"),
    "funding_events": ("Funding Rounds", "Funding History"),
    "job_postings_active_count": ("Active Job Postings", "Job Postings", "Open Jobs", "Open Positions",
                                  "Job Openings", "Job Openings Count", "Active Jobs"),
    "job_posting_titles": ("Job Titles Hiring", "Open Job Titles"),
    "it_spend": ("Estimated IT Spend", "IT Spending"),
}  # fmt: skip

# The columns that our own exports add: the normaliser computes them anew, and the rest is ours to set.
_DROPPED: Final[Mapping[EntityType, Sequence[str]]] = {
    "person": (
        "normalized_first_name", "normalized_last_name", "normalized_full_name", "normalized_job_title",
        "normalized_seniority", "normalized_email", "normalized_email_is_free", "normalized_phone",
        "normalized_phone_is_valid", "normalized_country_code", "normalized_company_domain",
        "created_at", "updated_at", "workspace_slug",
    ),
    "company": (
        "normalized_name", "normalized_domain", "normalized_industry", "normalized_headcount_min",
        "normalized_headcount_max", "normalized_country_code", "normalized_year_founded",
        "created_at", "updated_at", "workspace_slug",
    ),
}  # fmt: skip

# By how many fields a file must look like the other kind before it counts as that: fewer are doubtful.
_CLEAR_MARGIN: Final = 3
# Columns that make a file one of people, however much it says about their companies besides.
_WHO: Final = frozenset({"email", "first_name", "last_name", "full_name", "job_title", "linkedin_url"})

# What a person would name first when asked for a header row.
USUAL_HEADERS: Final[Mapping[EntityType, str]] = {
    "person": "Email, First Name, Last Name, LinkedIn URL, Company, Company Domain, Job Title",
    "company": "Company Name, Domain, Website, LinkedIn URL, Industry, Country, Employees",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file, and where its cells go.

    `field` is the entity's field ("id" for the id), or None for a column that no field stands
    for, whose cells are kept in `extra` under `header`. `key` is set where the column is one entry
    of a dict field. A fallback is a further column for a field that a more trusted one fills: it
    is used where that is blank, and its cells are kept in `extra` besides. A dropped column (one
    that our exports compute) is neither imported nor kept.
    """

    header: str
    field: str | None
    key: str | None = None
    is_fallback: bool = False
    dropped: bool = False
    rank: int = 0


def map_columns(entity_type: EntityType, headers: Sequence[str]) -> list[Column]:
    """Return what each column of a file means, in its order.

    A header that stands in the file twice gets " (2)" the second time, and a blank one is
    called "Column 7" by its place, so that every column has a name of its own.
    """
    names = _unique_names(headers)
    targets = [_TABLES[entity_type].get(normalized_header(header)) for header in headers]
    first = _most_trusted(targets)
    return [
        _column(name, target, is_first=index in first)
        for index, (name, target) in enumerate(zip(names, targets, strict=True))
    ]


def known_headers(entity_type: EntityType, headers: Sequence[str]) -> int:
    """Count the headers that mean a field of the entity."""
    targets = (_TABLES[entity_type].get(normalized_header(header)) for header in headers)
    return sum(target is not None and not target.dropped for target in targets)


def counts_as_other(entity_type: EntityType, headers: Sequence[str]) -> tuple[int, int] | None:
    """Tell whether a header row clearly is one of the other entity type.

    Returns how many fields of the other type and how many of this one it has columns for, or None
    where it is not clear. What our exports compute counts too. People are often exported with much
    about their companies: a header that only people have says whose file it is.
    """
    own = _TABLES[entity_type]
    other = _TABLES["company" if entity_type == "person" else "person"]
    names = {normalized_header(header) for header in headers}
    counts = len(_places(other, names)), len(_places(own, names))
    if counts[0] - counts[1] < _CLEAR_MARGIN:
        return None
    says_who = any(field in _WHO for field, _ in _places(own, names - other.keys()))
    return None if entity_type == "person" and says_who else counts


def _places(table: Mapping[str, "_Target"], names: Set[str]) -> set[tuple[str, str | None]]:
    return {(table[name].field, table[name].key) for name in names & table.keys()}


def normalized_header(header: str) -> str:
    """Reduce a header to its letters and digits in one case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", header).casefold()))


@dataclass(frozen=True, slots=True)
class _Target:
    field: str
    key: str | None
    rank: int
    dropped: bool = False


def _column(name: str, target: _Target | None, *, is_first: bool) -> Column:
    if target is None:
        return Column(name, None)
    if target.dropped:
        return Column(name, None, dropped=True)
    return Column(name, target.field, target.key, is_fallback=not is_first, rank=target.rank)


def _most_trusted(targets: Sequence[_Target | None]) -> set[int]:
    best: dict[tuple[str, str | None], tuple[int, int]] = {}
    for index, target in enumerate(targets):
        if target is not None and not target.dropped:
            place = (target.field, target.key)
            best[place] = min(best.get(place, (target.rank, index)), (target.rank, index))
    return {index for _, index in best.values()}


def _unique_names(headers: Sequence[str]) -> list[str]:
    taken: set[str] = set()
    names = []
    for index, header in enumerate(headers):
        name = base = header or f"Column {index + 1}"
        number = 2
        while name in taken:
            # Cut where it would become longer than an import, of our own export too, takes a header.
            mark = f" ({number})"
            name, number = base[: MAX_HEADER_CHARS - len(mark)] + mark, number + 1
        taken.add(name)
        names.append(name)
    return names


def _table(entity_type: EntityType, headers: Mapping[str, Sequence[str]]) -> dict[str, _Target]:
    """Turn the table of fields into one of normalised headers, a field's own name first."""
    table = {normalized_header(name): _Target(name, None, 0, dropped=True) for name in _DROPPED[entity_type]}
    table[EXTRA_FIELD] = _Target(EXTRA_FIELD, None, 0)
    for path, names in headers.items():
        field, _, key = path.partition(".")
        if key:
            # The whole dict as JSON, as our own exports write it.
            table.setdefault(normalized_header(field), _Target(field, None, 0))
        for rank, name in enumerate((path, *names)):
            table.setdefault(normalized_header(name), _Target(field, key or None, rank))
    return table


_TABLES: Final[Mapping[EntityType, Mapping[str, _Target]]] = {
    "person": _table("person", _PERSON),
    "company": _table("company", _COMPANY),
}
