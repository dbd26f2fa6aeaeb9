"""Which column of a CSV file means which field.

The tables hold the headers that exports of prospecting tools, CRMs and address books use (the
tests have the header rows of more than twenty), some of them in other languages. Headers are
compared by their letters and digits alone, in one case, so that "First Name", "first_name" and
"firstName" are one; our own field names need no entry. A few words mean different things in
different files; what stands beside them decides. The owner of a file has the last word: a mapping
says of a column which field it fills.

The order within a field is the order of trust: where a file has two columns for one field, the
one that stands first here gives the value and the others step in where it is blank.
"""

import html
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

from app.entities.fields import RAW_FIELDS, field_named
from app.values.entity_types import EntityType

MAX_HEADER_CHARS: Final = 200
ID_FIELD: Final = "id"
EXTRA_FIELD: Final = "extra"
KEEP: Final = "keep"
IGNORE: Final = "ignore"
_COLUMNS_NAMED: Final = 40

# A name with a dot is an entry of a dict field: "social_urls.facebook".
_PERSON: Final[Mapping[str, Sequence[str]]] = {
    "id": ("External ID", "Record ID", "Record ID - Contact", "Contact ID", "Person ID", "Lead ID", "Prospect ID",
           "Contact Record ID", "Entity ID", "System ID", "Person - ID", "Person - Record ID", "ZoomInfo Contact ID",
           "Zoom Individual ID"),
    "email": ("Work Email", "Email Address", "Business Email", "Professional Email", "Primary Email", "Company Email",
              "Contact Email", "Work Email Address", "Mail", "Verified Email", "Final Email", "Emails",
              "E-Mail-Adresse", "Geschäftliche E-Mail", "Adresse e-mail", "Courriel", "Correo electrónico", "Correo",
              "Email 1", "E-mail 1", "E-mail 1 - Value", "Person - Email - Work", "Person - Email", "Emails - Work",
              "Email Addresses", "Primary Email Address", "Email ID", "Contact Email Address", "Secondary Email",
              "Personal Email", "Private Email", "Other Email", "Supplemental Email", "Person - Email - Other",
              "Person - Email - Home", "Email 2", "E-mail 2 - Value", "E-mail 2 Address", "Email 3",
              "E-mail 3 - Value", "E-mail 3 Address", "Tertiary Email", "Personal Email Address", "Additional Emails",
              "Additional Email", "E-Mail 1 - Wert", "E-Mail 2: Adresse", "E-Mail 3: Adresse", "E-Mail 2 - Wert",
              "Adresse de messagerie", "Adresse de courrier", "Adresse de messagerie 2", "Adresse de courrier 2",
              "E-mail 1 - Valeur", "Adresse électronique", "Dirección de correo electrónico",
              "Correo electrónico 1 - Valor", "Dirección de correo electrónico 2", "Indirizzo posta elettronica",
              "E-mailadres", "E-postadress", "Adres e-mail", "邮箱", "电子邮箱", "电子邮件", "電子郵件", "電子信箱",
              "メールアドレス", "이메일"),
    "email_status": ("Email Validation", "Email Validation Status", "Email Verification", "Email Verification Status",
                     "Email Verification Result", "Work Email Status", "Primary Email Status", "Verification status",
                     "Email Verification Status Result", "Verification Status", "Email Status Detail", "Email Quality"),
    "first_name": ("Given Name", "Forename", "First", "Fname", "Contact First Name", "Prospect First Name", "Vorname",
                   "Prénom", "Nombre", "Person - First name", "Prospect First", "Nombre de pila", "Voornaam",
                   "Förnamn", "Fornavn", "Imię", "Etunimi", "Jméno", "Keresztnév", "Имя", "名"),
    "last_name": ("Surname", "Family Name", "Sobrenome", "Last", "Lname", "Contact Last Name", "Prospect Last Name",
                  "Nachname", "Familienname", "Nom de famille", "Apellido", "Apellidos", "Person - Last name",
                  "Primer apellido", "Cognome", "Achternaam", "Efternamn", "Etternavn", "Efternavn", "Nazwisko",
                  "Sukunimi", "Příjmení", "Vezetéknév", "Фамилия", "姓"),
    "full_name": ("Name", "Contact Name", "Contact Full Name", "Person Name", "Prospect Name", "Prospect Full Name",
                  "Lead Name", "Vollständiger Name", "Vor- und Nachname", "Nom complet", "Nombre completo",
                  "Person - Name", "Display Name", "Anzeigename", "Nom d'affichage", "Nombre para mostrar",
                  "Lead Full Name", "Person", "氏名", "Nome", "Nome completo", "Naam", "Namn", "Navn",
                  "Nombre y apellidos", "姓名", "이름", "성명"),
    "job_title": ("Title", "Position", "Job Position", "Current Job Title", "Current Title", "Current Position",
                  "Prospect Position", "Contact Title", "LinkedIn Job Title", "Jobtitel", "Berufsbezeichnung",
                  "Stellenbezeichnung", "Intitulé du poste", "Poste", "Fonction", "Cargo", "Puesto", "Role",
                  "Organization 1 - Title", "Organization Title", "Person - Job title", "Person - Job Title",
                  "Designation", "Occupation Title", "Contact Job Title", "LinkedIn Title", "Job Title Full",
                  "Position Title", "Person Title", "Organisation 1 - Titel", "Organisation 1 - Titre",
                  "Organisation - Titel", "Organización 1 - Puesto", "Qualifica", "Posizione", "Functie", "Funktion",
                  "Stanowisko", "Должность", "Current Job", "职位", "职务", "職稱", "職位", "役職", "직책", "직위"),
    "headline": ("LinkedIn Headline", "Profile Headline"),
    "seniority": ("Seniority Level", "Management Level", "Job Seniority", "Job Level", "Employment Seniority",
                  "Seniority Levels", "Job title hierarchy level", "Contact Seniority"),
    "departments": ("Department", "Job Department", "Abteilung", "Organization 1 - Department",
                    "Organization Department", "Contact Department", "Departamento",
                    "Organisation 1 - Abteilung"),
    "functions": ("Function", "Job Function", "Job Functions", "Job Functions List"),
    "linkedin_url": ("Person Linkedin Url", "LinkedIn Profile URL", "LinkedIn Profile", "Contact LinkedIn URL",
                     "Contact LinkedIn Profile URL", "Prospect LinkedIn URL", "Personal LinkedIn URL",
                     "LinkedIn Public Profile URL", "Public Profile URL", "Public LinkedIn URL",
                     "Default Profile URL", "LinkedIn", "LinkedIn Link", "LinkedIn Profile Link", "Person LinkedIn",
                     "LinkedIn Bio", "LinkedIn Profil", "Profil LinkedIn", "Profile URL", "Profile Link", "URL",
                     "LinkedIn Contact Profile URL", "LinkedIn Profile Url", "LinkedIn URI", "Contact LinkedIn",
                     "Person LinkedIn URL", "Linkedin Person URL", "LinkedIn Contact URL",
                     "LinkedIn Personal Profile", "LinkedIn Public URL", "LinkedIn handle URL",
                     "Person - LinkedIn Page", "Person - LinkedIn", "Social: LinkedIn", "LinkedIn Contact Profile"),
    "location": ("Person Location", "Contact Location", "Prospect Location", "Full Location", "Standort",
                 "Primary location", "Location Full", "Person Full Location"),
    "location_city": ("City", "Person City", "Contact City", "Mailing City", "Stadt", "Ort", "Wohnort", "Ville",
                      "Ciudad", "Business City", "Work City", "Address 1 - City", "Person - City",
                      "Primary location > City", "Ort geschäftlich", "Ville (bureau)", "Ciudad de trabajo",
                      "Ciudad del trabajo", "Home City", "Ort privat", "Ville (domicile)", "Ciudad de residencia",
                      "城市", "도시"),
    "location_state": ("State", "Person State", "Contact State", "State/Region", "State/Province", "Mailing State",
                       "Mailing State/Province", "Province", "Bundesland", "Bundesland/Region", "Region",
                       "Business State", "Work State", "Work County", "Address 1 - Region", "Person - State",
                       "Primary location > State", "Region geschäftlich", "Dép/Région (bureau)",
                       "Provincia o estado de trabajo", "Home State", "Home County", "Bundesland/Kanton privat",
                       "Dép/Région (domicile)"),
    "location_country": ("Country", "Person Country", "Contact Country", "Country/Region", "Mailing Country", "Land",
                         "Land/Region", "Pays", "Pays/Région", "País", "País/región", "Business Country/Region",
                         "Business Country", "Work Country", "Address 1 - Country", "Person - Country",
                         "Primary location > Country", "Land/Region geschäftlich", "Pays/Région (bureau)",
                         "País o región del trabajo", "Home Country/Region", "Home Country", "Land/Region privat",
                         "Pays/Région (domicile)", "国家", "國家", "국가"),
    "location_country_code": ("Country Code", "Person Country Code", "Country/Region Code", "Country ISO",
                              "Country ISO Code", "ISO Country Code", "Ländercode", "Contact Country ISO 2",
                              "Contact Country ISO", "Primary location > Country code"),
    "phone": ("Phone Number", "Work Direct Phone", "Direct Phone", "Direct Dial", "Direct Phone 1",
              "Direct Phone Number", "Direct", "Contact Direct Phone", "Direct Line", "Work Phone",
              "Work Phone Number", "Business Phone", "Office Phone", "Contact Phone", "Contact Phone Number",
              "Telephone", "Telephone Number", "Tel", "First Phone", "Telefon", "Telefonnummer", "Téléphone",
              "Numéro de téléphone", "Teléfono", "Número de teléfono", "Phone 1 - Value", "Phone 1", "Phone Number 1",
              "Primary Phone", "Person - Phone - Work", "Person - Phone", "Phone numbers", "Phone Numbers",
              "Telefon geschäftlich", "Telefon 1 - Wert", "Téléphone (bureau)", "Téléphone 1 - Valeur",
              "Teléfono del trabajo", "Teléfono 1 - Valor", "Corporate Phone", "Other Phone", "Home Phone",
              "Business Phone 2", "Phone 2 - Value", "Phone 2", "Phone Number 2", "Direct Phone 2", "Other Phone 1",
              "Person - Phone - Home", "Person - Phone - Other", "Telefon privat", "Telefon (privat)",
              "Téléphone (domicile)", "Particular", "Home Phone 2", "Phone 3 - Value", "电话", "電話", "電話番号",
              "전화번호"),
    "mobile_phone": ("Mobile", "Mobile Phone Number", "Mobile Number", "Cell Phone", "Cell Phone Number", "Cell",
                     "Cell Number", "Personal Phone", "Handy", "Handynummer", "Mobil", "Mobiltelefon",
                     "Mobiltelefonnummer", "Mobilnummer", "Téléphone portable", "Móvil", "Person - Phone - Mobile",
                     "Mobile 1", "Mobile phone 1", "Contact Mobile Phone", "Contact Mobile", "Direct Mobile",
                     "Mobile Direct", "Tél. mobile", "Teléfono móvil", "Téléphone mobile", "Mobile 2",
                     "Mobiltelefon 2", "手机", "手机号", "手机号码", "手機", "携帯電話", "휴대폰"),
    "company": ("Company Name", "Account Name", "Organization", "Organization Name", "Organisation",
                "Organisation Name", "Current Company", "Current Company Name", "Employer", "Associated Company",
                "Primary Company", "Prospect Company", "Cleaned Company Name", "Company Name Cleaned", "Firma",
                "Firmenname", "Unternehmen", "Unternehmensname", "Name des Unternehmens", "Entreprise",
                "Nom de l'entreprise", "Société", "Empresa", "Nombre de la empresa", "Company Table Data",
                "Company Name for Emails", "Organization 1 - Name", "Person - Organization", "Organization - Name",
                "Associated Company Name", "Company Name (Current)", "Current Employer", "Account", "Company - Name",
                "Organisation 1 - Name", "Organisation 1 - Nom", "Organización 1 - Nombre", "Organización", "Azienda",
                "Società", "Bedrijf", "Företag", "Firma (Name)", "Компания", "会社名", "Company / Account", "Accounts",
                "公司", "公司名称", "企业名称", "单位名称", "公司名稱", "회사", "회사명"),
    "company_domain": ("Company Domain Name", "Domain", "Organization Domain", "Account Domain", "Company Website",
                       "Company Website URL", "Company Web", "Website", "Website URL", "Web Site",
                       "Organization Website", "Account Website", "Company URL", "Webseite", "Website-URL",
                       "Site web", "Sitio web", "Company > Domains", "Company Domains", "Email Domain (Company)",
                       "Domain name", "Company website domain", "Company Website Domain", "Company Domain URL",
                       "Business Web Page", "Web Page", "Web Page 1", "Website 1 - Value", "Organization - Website",
                       "Associated Company Domain", "Account Domain Name", "Page Web", "Página web", "Website Company",
                       "网站", "网址", "官网", "網站", "홈페이지"),
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
           "Company Record ID", "Entity ID", "Organization - ID", "Company System ID", "ZoomInfo Company ID",
           "Zoom company ID"),
    "name": ("Company Name", "Company", "Account Name", "Organization Name", "Organization", "Organisation Name",
             "Organisation", "Business Name", "Account", "Firma", "Firmenname", "Unternehmen", "Unternehmensname",
             "Name des Unternehmens", "Entreprise", "Nom de l'entreprise", "Société", "Empresa",
             "Nombre de la empresa", "Legal Name", "Company Legal Name", "Cleaned Company Name",
             "Company Name Cleaned", "Company Name for Emails", "Organization - Name", "Company Record Name",
             "Company - Name", "Azienda", "Bedrijf", "公司", "公司名称", "企业名称", "单位名称", "公司名稱",
             "会社名", "회사", "회사명"),
    "domain": ("Company Domain Name", "Company Domain", "Primary Domain", "Root Domain", "Website Domain",
               "Web Domain", "Domain Name", "Organization Domain", "Account Domain", "Domains", "Company Domains",
               "Organization - Domain"),
    "website": ("Company Website", "Website URL", "Company Website URL", "Web Site", "Organization Website",
                "Account Website", "Homepage", "Company Homepage", "Company Web", "Webseite", "Website-URL",
                "Internetadresse", "Site web", "Sitio web", "Company URL", "URL", "Organization - Website",
                "Web Page", "Business Web Page", "网站", "网址", "官网", "網站", "홈페이지"),
    "industry": ("Company Industry", "Primary Industry", "Main Industry", "LinkedIn Industry", "Account Industry",
                 "Branche", "Industrie", "Secteur", "Secteur d'activité", "Sector", "Organization - Industry",
                 "Industry Group", "行业", "行業", "業種", "업종"),
    "industries": ("All Industries", "Secondary Industries", "Company Industries", "Industries List", "Categories",
                   "Industry Groups"),
    "company_keywords": ("Keywords", "Specialties", "Specialities", "Company Specialties", "Company Specialities",
                         "LinkedIn Specialties", "Schlagwörter"),
    "hashtags": ("Company Hashtags", "LinkedIn Hashtags"),
    "naics_codes": ("NAICS Code", "NAICS", "Primary NAICS Code"),
    "headcount": ("# Employees", "Employees", "Number of Employees", "No. of Employees", "Num Employees",
                  "Employee Count", "Company Employee Count", "Company Headcount", "Employee Headcount",
                  "Company Size", "Size", "Employee Range", "Company Employee Range", "Headcount Range",
                  "Company Size Range", "Staff Count", "Mitarbeiter", "Mitarbeiterzahl", "Anzahl Mitarbeiter",
                  "Anzahl der Mitarbeiter", "Effectif", "Número de empleados", "Number of Employees on LinkedIn",
                  "Employees on LinkedIn", "LinkedIn Employees", "Organization - Number of employees",
                  "Employee range", "No of Employees", "Employees Range", "Company Number of Employees"),
    "description": ("Company Description", "Short Description", "About", "About Us", "Overview", "Company Overview",
                    "LinkedIn Description", "SEO Description", "Summary", "Beschreibung", "Full Description"),
    "company_type": ("Organization Type", "Ownership", "Ownership Type", "Legal Form", "Rechtsform"),
    "year_founded": ("Founded Year", "Founded", "Founding Year", "Company Year Founded", "Company Founded Year",
                     "Company Founded", "Year Established", "Established", "Year Started", "Gründungsjahr",
                     "Gegründet", "Année de création", "Founded Date", "Foundation date", "Company Foundation Year"),
    "revenue": ("Annual Revenue", "Company Revenue", "Company Annual Revenue", "Revenue Range", "Estimated Revenue",
                "Company Revenue Range", "Annual Revenue Range", "Umsatz", "Jahresumsatz", "Chiffre d'affaires",
                "Estimated Revenue Range", "Estimated ARR"),
    "location": ("Company Location", "HQ Location", "Headquarters Location", "Headquarters", "HQ", "Company HQ",
                 "Firmensitz", "Sitz", "Standort", "Primary location", "Organization - Address"),
    "hq_address": ("Company Address", "Headquarters Address", "Address", "Street Address", "Street", "Company Street",
                   "Billing Address", "Billing Street", "Adresse", "Anschrift", "Straße", "Straße und Hausnummer",
                   "Dirección", "Organization - Address - Street", "Primary location > Line 1",
                   "Company Street Address"),
    "hq_city": ("City", "Company City", "Headquarters City", "Billing City", "Stadt", "Ort", "Ville", "Ciudad",
                "Primary location > City", "HQ City", "Shipping City", "城市", "도시"),
    "hq_state": ("State", "Company State", "Headquarters State", "State/Region", "State/Province", "Billing State",
                 "Billing State/Province", "Province", "Bundesland", "Bundesland/Region", "Region",
                 "Primary location > State", "HQ State", "Shipping State"),
    "hq_country": ("Country", "Company Country", "Headquarters Country", "Country/Region", "Billing Country", "Land",
                   "Land/Region", "Pays", "Pays/Région", "País", "País/región", "Primary location > Country",
                   "HQ Country", "Shipping Country", "国家", "國家", "국가"),
    "hq_country_code": ("Country Code", "Company Country Code", "Country/Region Code", "Country ISO",
                        "Country ISO Code", "ISO Country Code", "Ländercode"),
    "hq_postal_code": ("Postal Code", "Company Postal Code", "Zip", "Zip Code", "Zip/Postal Code", "Postcode",
                       "Billing Zip", "Billing Postal Code", "Billing Zip/Postal Code", "PLZ", "Postleitzahl",
                       "Code postal", "Código postal", "Primary location > Postcode", "HQ Postal Code",
                       "Billing Code", "Shipping Code", "Company ZIP/Postal code"),
    "office_locations": ("Locations", "Offices", "All Locations", "All Offices", "Other Locations"),
    "hq_phone": ("Company Phone", "Company Phone Number", "Headquarters Phone", "Corporate Phone", "Main Phone",
                 "Company Main Phone", "Account Phone", "Phone", "Phone Number", "Telephone", "Telephone Number",
                 "Telefon", "Telefonnummer", "Téléphone", "Numéro de téléphone", "Teléfono", "Company HQ Phone",
                 "HQ Phone", "Organization - Phone", "电话", "電話", "電話番号", "전화번호"),
    "linkedin_url": ("Company Linkedin Url", "LinkedIn Company Page", "LinkedIn Company URL",
                     "LinkedIn Company Profile", "LinkedIn Company Profile URL", "Company LinkedIn",
                     "Company LinkedIn Profile", "Company LinkedIn Page", "Company LinkedIn Link",
                     "Regular Company URL", "Account LinkedIn URL", "LinkedIn", "LinkedIn Page", "LinkedIn Profile",
                     "LinkedIn Profile URL", "LinkedIn Link", "LinkedIn Account URL", "Organization - LinkedIn",
                     "Company LinkedIn URL"),
    "social_urls.facebook": ("Facebook Url", "Facebook", "Facebook Company Page", "Company Facebook",
                             "Company Facebook Url"),
    "social_urls.twitter": ("Twitter Url", "Twitter", "Twitter Handle", "Company Twitter", "Company Twitter Url",
                            "X Url"),
    "social_urls.instagram": ("Instagram Url", "Instagram", "Company Instagram"),
    "social_urls.youtube": ("YouTube Url", "YouTube", "Company YouTube"),
    "social_urls.crunchbase": ("Crunchbase Url", "Crunchbase", "Organization Name URL", "Crunchbase Profile"),
    "social_urls.xing": ("Xing Url", "Xing"),
    "social_urls.github": ("GitHub Url", "GitHub"),
    "technologies": ("Technology", "Tech Stack", "Web Technologies", "Technologies Used", "Company Technologies"),
    "provider_ids.apollo": ("Apollo Account Id", "Apollo Organization Id", "Apollo Id", "Apollo Record Id"),
    "provider_ids.hubspot": ("HubSpot Company ID", "HubSpot Record ID", "HubSpot ID"),
    "provider_ids.salesforce": ("Salesforce Account ID", "Salesforce ID"),
    "provider_ids.linkedin": ("LinkedIn Company ID", "LinkedIn ID", "Sales Navigator ID"),
    "funding_total": ("Total Funding", "Total Funding Amount", "Total Funding (USD)", "Company Total Funding",
                      "Total Money Raised", "Total Raised", "Total Funding Amount (in USD)",
                      "Total Equity Funding Amount"),
    "funding_stage_latest": ("Latest Funding", "Latest Funding Stage", "Latest Funding Round", "Latest Funding Type",
                             "Last Funding Type", "Last Funding Round", "Last Funding Stage", "Funding Stage",
                             "Funding Status"),
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

# Words that depend on what stands beside them: the header, the headers that have to be there too, and the field that
# it then fills; None for none. Of two such headers, a title of address and a job's, the last means it.
_PERSON_CONTEXT: Final = (
    ("Title", ("Job Title", "Suffix"), None),
    ("Titre", ("Prénom", "Suffixe"), "job_title"),
    ("Work", ("Mobile",), "phone"),
    ("Nom", ("Prénom",), "last_name"),
    ("Name", ("Vorname",), "last_name"),
    ("Naam", ("Voornaam",), "last_name"),
    ("Namn", ("Förnamn",), "last_name"),
    ("Navn", ("Fornavn",), "last_name"),
    ("Nome", ("Cognome",), "first_name"),
    ("Nome", ("Sobrenome",), "first_name"),
    ("Nome", ("Apelido",), "first_name"),
)

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
    is used where that is blank, and its cells are kept in `extra` besides. A dropped column is
    neither imported nor kept: our exports compute it, or the owner of the file ignores it.
    """

    header: str
    field: str | None
    key: str | None = None
    is_fallback: bool = False
    dropped: bool = False
    rank: int = 0
    ignored: bool = False


class MappingError(ValueError):
    """A mapping names a column that the file has not, or a field that there is not; the message says what there is."""


Mapped = Mapping[str, str]
"""What the owner of a file says of its columns: header -> field, `social_urls.facebook`, "keep" or "ignore"."""


def read_mapping(texts: Iterable[str]) -> dict[str, str]:
    """Read `Column=field` of each text. Raises MappingError for one that has no field, or a column twice."""
    mapped: dict[str, str] = {}
    for text in texts:
        column, equals, field = text.rpartition("=")
        if not equals or not column.strip() or not field.strip():
            raise MappingError("expected Column=field, such as Kontakt=email, Column=keep or Column=ignore")
        if column.strip() in mapped:
            raise MappingError(f"the column {column.strip()!r} is mapped twice")
        mapped[column.strip()] = field.strip()
    return mapped


def map_columns(entity_type: EntityType, headers: Sequence[str], mapped: Mapped | None = None) -> list[Column]:
    """Return what each column of a file means, in its order. Raises MappingError.

    A header that stands in the file twice gets " (2)" the second time, and a blank one is
    called "Column 7" by its place, so that every column has a name of its own.
    """
    names = _unique_names(headers)
    targets = _targets(entity_type, headers)
    for position, (name, field) in enumerate((mapped or {}).items()):
        targets[_place_of(name, names)] = _owners_target(entity_type, field, position - len(mapped or {}))
    first = _most_trusted(targets)
    return [
        _column(name, target, is_first=index in first)
        for index, (name, target) in enumerate(zip(names, targets, strict=True))
    ]


def known_headers(entity_type: EntityType, headers: Sequence[str], mapped: Mapped | None = None) -> int:
    """Count the headers that mean a field of the entity, or that a mapping names."""
    owners = {normalized_header(name) for name in mapped or ()}
    targets = _targets(entity_type, headers)
    return sum(
        (target is not None and not target.dropped) or normalized_header(header) in owners
        for header, target in zip(headers, targets, strict=True)
    )


def known_spellings(entity_type: EntityType) -> frozenset[str]:
    """Return the headers that we have a meaning for, in their usual spellings and in one case."""
    return _SPELLINGS[entity_type]


def _targets(entity_type: EntityType, headers: Sequence[str]) -> list["_Target | None"]:
    names = [normalized_header(header) for header in headers]
    targets = [_TABLES[entity_type].get(name) for name in names]
    if entity_type == "person":
        for header, beside, field in _PERSON_CONTEXT:
            _read_in_context(names, targets, normalized_header(header), map(normalized_header, beside), field)
    return targets


def _read_in_context(
    names: Sequence[str], targets: list["_Target | None"], name: str, beside: Iterable[str], field: str | None
) -> None:
    """Set what a header means beside others, unless another column has that meaning already."""
    if name not in names or not set(beside) <= set(names):
        return
    others = [target for other, target in zip(names, targets, strict=True) if other != name]
    if any(target is not None and target.field == field for target in others):
        return
    places = [index for index, other in enumerate(names) if other == name]
    for place in places:
        targets[place] = None
    if field is not None:
        targets[places[-1]] = _Target(field, None, 0)


def _place_of(name: str, names: Sequence[str]) -> int:
    """Return which column a mapping means: the one of that very name, else the only one that reads like it."""
    if name in names:
        return names.index(name)
    alike = [index for index, other in enumerate(names) if normalized_header(other) == normalized_header(name)]
    if len(alike) == 1:
        return alike[0]
    shown = ", ".join(repr(other) for other in names[:_COLUMNS_NAMED])
    raise MappingError(f"the file has no column {name!r} to map; expected one of {shown}")


def _owners_target(entity_type: EntityType, text: str, rank: int) -> "_Target | None":
    """Return the target that a mapping names; the ranks are below those of the tables."""
    if text.casefold() == KEEP:
        return None
    if text.casefold() == IGNORE:
        return _Target(IGNORE, None, rank, dropped=True)
    name, _, key = text.partition(".")
    field = ID_FIELD if name.casefold() == ID_FIELD else field_named(entity_type, name)
    kinds = {ID_FIELD: "text", **RAW_FIELDS[entity_type]}
    if field not in kinds or (key and kinds[field] != "dict") or (not key and text.endswith(".")):
        expected = ", ".join([ID_FIELD, *RAW_FIELDS[entity_type]])
        raise MappingError(f"a column is mapped to {text!r}; expected {KEEP}, {IGNORE} or one of {expected}")
    return _Target(field, key or None, rank)


def counts_as_other(entity_type: EntityType, headers: Sequence[str]) -> tuple[int, int] | None:
    """Return whether a header row clearly is one of the other entity type.

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
    """Reduce a header to its letters and digits in one case; some tools write letters as HTML's names of them."""
    if "&" in header:
        header = html.unescape(header)
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
        return Column(name, None, dropped=True, ignored=target.field == IGNORE)
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


def _spellings(headers: Mapping[str, Sequence[str]]) -> frozenset[str]:
    names = [name for field, others in headers.items() for name in (field, field.replace("_", " "), *others)]
    return frozenset(map(str.casefold, names))


_SPELLINGS: Final[Mapping[EntityType, frozenset[str]]] = {
    "person": _spellings(_PERSON),
    "company": _spellings(_COMPANY),
}
