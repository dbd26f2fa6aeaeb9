"""Which tool a file comes from, told by headers that no other tool writes side by side.

Only for people to recognise their files by: what a column means is never decided here.
"""

from collections.abc import Iterable
from typing import Final

from app.entities.csv.headers import normalized_header

_SIGNATURES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Apollo", ("Apollo Contact Id",)),
    ("Apollo", ("Apollo Account Id",)),
    ("Apollo", ("Person Linkedin Url", "# Employees")),
    ("Apollo", ("Company Name for Emails", "# Employees")),
    ("LinkedIn Connections", ("First Name", "Last Name", "Connected On")),
    ("Evaboot", ("Prospect LinkedIn URL",)),
    ("PhantomBuster", ("profileUrl", "fullName", "query", "timestamp")),
    ("PhantomBuster", ("vmid", "connectionDegree")),
    ("ZoomInfo", ("ZoomInfo Contact ID",)),
    ("ZoomInfo", ("ZoomInfo Company ID",)),
    ("Zoho", ("Record Id", "Contact Owner", "Account Name")),
    ("Zoho", ("Record Id", "Account Owner", "Account Name")),
    ("HubSpot", ("Record ID - Contact",)),
    ("HubSpot", ("Record ID - Company",)),
    ("HubSpot", ("Record ID", "Contact owner")),
    ("HubSpot", ("Record ID", "Company owner")),
    ("HubSpot", ("Company Domain Name", "Company owner")),
    ("Salesforce", ("Contact ID", "Account Name")),
    ("Salesforce", ("Lead ID", "Company / Account")),
    ("Salesforce", ("Account ID", "Account Name")),
    ("Salesforce", ("Account Name", "Mailing State/Province")),
    ("Salesforce", ("Account Name", "Billing State/Province")),
    ("Google Contacts", ("E-mail 1 - Value", "Group Membership")),
    ("Google Contacts", ("E-mail 1 - Value", "Labels")),
    ("Outlook", ("E-mail Address", "Business Phone")),
    ("Outlook", ("E-Mail-Adresse", "Telefon geschäftlich")),
    ("Outlook", ("Adresse de messagerie", "Téléphone (bureau)")),
    ("Outlook", ("Dirección de correo electrónico", "Teléfono del trabajo")),
    ("Thunderbird", ("Display Name", "Primary Email", "Screen Name")),
    ("Pipedrive", ("Person - Name",)),
    ("Pipedrive", ("Organization - Name", "Organization - Label")),
    ("Freshsales", ("Sales owner", "Lifecycle stage")),
    ("Attio", ("Record ID", "Record", "Email addresses")),
    ("Attio", ("Record ID", "Record", "Domains")),
    ("Crunchbase", ("Organization Name", "Organization Name URL")),
    ("Cognism", ("Email Quality", "Job Function")),
    ("Lusha", ("Contact LinkedIn URL", "Direct Phone 1")),
    ("Hunter", ("Email address", "Confidence score")),
    ("Lemlist", ("leadStatus", "campaignName")),
    ("Instantly", ("Verification Status", "Personalization")),
    ("Clay", ("LinkedIn Profile", "Company Domain", "Full Name")),
    ("Clay", ("Primary Industry", "Size", "Domain", "LinkedIn URL")),
)
_TELLING: Final = tuple((tool, frozenset(map(normalized_header, headers))) for tool, headers in _SIGNATURES)


def tool_of(headers: Iterable[str]) -> str | None:
    """Return the tool that a header row is of, or None if it is not known."""
    names = frozenset(map(normalized_header, headers))
    return next((tool for tool, telling in _TELLING if telling <= names), None)
