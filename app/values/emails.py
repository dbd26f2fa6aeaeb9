"""E-mail addresses: the syntax alone is checked, nothing is looked up."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from app.values.hosts import ascii_host
from app.values.shared_hosts import is_under
from app.values.text import one_line, word_set

_LONGEST_ADDRESS: Final = 320  # 64 for the local part, "@", 255 for the domain
_LONGEST_PLAIN: Final = 127  # an address has 254 bytes at most, and some of these letters take two
_LETTERS: Final = "a-z0-9_+ß-öø-žа-я-"
_PLAIN: Final = re.compile(
    rf"[{_LETTERS}]+(?:[.'][{_LETTERS}]+)*(?<!-)@"
    r"(?=.{1,253}$)(?:[a-z0-9]{1,63}(?:-[a-z0-9]{1,30})?\.)+[a-z]{2,20}"
)
_SPECIAL_USE: Final = frozenset(SPECIAL_USE_DOMAIN_NAMES)
_WRAPPING: Final = " \t,;'\"<>"
# What stands around an address in exports of address books: "Work: ada@…", "ada@… (private)", "ada@… work".
_LABEL: Final = (
    r"(?:e-?mail|mail|work|home|office|business|private|personal|main|primary|other|privat|gesch[äa]ftlich|dienstlich|"
    r"b[üu]ro|arbeit|bureau|travail|domicile|priv[ée]|perso|trabajo|casa|oficina|lavoro|werk|thuis|jobb|hem)"
)
_IN_BRACKETS: Final = re.compile(r"^[^@]*<([^<]*)>$")
_BEFORE: Final = re.compile(rf"^{_LABEL}\s*[:=]\s*", re.IGNORECASE)
_AFTER: Final = re.compile(rf"\s*(?:\([^()@]*\)|\[[^\[\]@]*\]|\s[-–|/]\s[^@]*|\s{_LABEL})$", re.IGNORECASE)
# What Apollo writes if an address exists but was not paid for: "email_not_unlocked@domain.com".
_NOT_GIVEN_OUT: Final = r"e?mail[._-]?not[._-][a-z._-]+@domain\.com"
# What people type into a form that insists on an address.
_MADE_UP: Final = (
    r"(?:no|none|null|na|nomail|noemail|no-email|no\.email|noreply|unknown|test|asdf|xxx?)@"
    r"(?:no|none|null|na|nomail|noemail|no-email|email|mail|unknown|test|asdf|xxx?)\.[a-z]{2,4}"
)
_NOBODYS: Final = re.compile(f"{_NOT_GIVEN_OUT}|{_MADE_UP}")
_NOBODYS_STARTS: Final = frozenset("emnutax")
_MASK: Final = re.compile("[*•…●]")

# Mailboxes that several people read, in the languages of the lists that come in. An address that starts with one of
# them, such as `sales.emea@`, is shared as well.
_ROLES: Final = word_set(
    """
    abuse academy accounting accounts admin administracion administration administrator agenda allgemein anfrage
    anfragen anmeldung ap apotheke ar architekten archiv assistant assistenz atelier ausbildung auto bar barrierefrei
    beratung bestellung bestellungen bewerbung bewerbungen billing bonjour booking bookings boutique buchhaltung
    buchung buero büro bureau business camping career careers cashier cafe ciao clinic clientes clienti clinica club
    coiffeur comercial commercial commerciale communication compras compta comptabilite comunicacion concierge
    consulta consultorio contabilidad contabilita contact contacto contactus contato contatti contatto courrier
    customercare customers customerservice dataprotection datenschutz dental design dev developer direction direzione
    dispatch dpo dr druck einkauf elternbeirat emaile empfang empleo english enquire enquiries enquiry ekonomi escola
    escritorio escuela estudio events export facturacion faktura facturation familie family farmacia feedback finance
    finanzen firma fragen fraude gabinete gdpr general geral gerencia geschaeftsleitung geschaeftsfuehrung
    geschäftsführung geschäftsleitung gemeinde group guest hallo hausverwaltung hei hello help helpdesk hej hi hola
    hotel hospital hostmaster hr human.resources imprint impressum import info infoline informacion information
    informazioni infos inquiries inquiry instituto invoice invoices invest investor investors it job jobs kancelaria
    kanzlei karriere kasse klinik kontakt kontor kundendienst kundenservice kundservice kundtjanst labor lager law
    lead leads legal leitung lieferung log logistics logistik mail mailbox maintenance management manager marketing
    marketplace media meldung membership moin newsletter news no-reply noreply notification notifications oficina
    office online operations order orders ordination oi pagamenti partner partners partnership payment payments
    payroll people personal personnel personalabteilung post posta poststelle postmaster postkasse postmottak pr
    praxis presse press presidencia presidente principal privacy procurement produktion projekt projects protocolo
    purchasing questions quotes rechnung rechnungen reception recepcao recepcion recruiting recruitment recrutement
    redaktion redaccion register registrar reklamation rendezvous research reservation reservations reservas
    reservaties reservierung returns restaurant rezeption rh rrhh root sales salon school schule secretaria
    secretariat secretary segreteria sekretariat sekretaerin sekretariaat security service servicedesk services
    servicio shop signup site social spam staff stage store studio students sua subscribe suporte support soporte
    talent team tech technik tecnico termin termine terminvergabe ticket tickets tienda time turismo
    undisclosed-recipients uredništvo urednistvo vendas ventas vendite vente ventes verkauf verwaltung vertrieb
    vorstand webmaster web website welcome werbung werkstatt winkel verkoop workshop zahnarzt zahnarztpraxis zapisy
    zentrale sklep biuro recepcja rekrutacja ksiegowosc sprzedaz poczta obchod objednavky podatelna recepce ucetni
    iroda ugyfelszolgalat titkarsag comenzi vanzari zakaz zakupki buh priem ofis otdel sekretar reklama
    accountspayable accountsreceivable all inbox hey hiring recruiter compliance warehouse shipping facilities
    frontdesk itsupport customersuccess surgery parish clerk rfq rfp tenders quotations gf fibu lohn versand dispo
    bauleitung vermietung verleih hausmeister rathaus gemeindeamt stadtwerke pfarramt pfarrbuero notariat
    steuerkanzlei tierarzt tierarztpraxis physio physiotherapie friseur fahrschule hofladen weingut kita betriebsrat
    accueil achat achats devis sav mairie cabinet gestion juridique pharmacie location agence informations pedidos
    ayuda atencion atencionalcliente direccion taller consultas presupuestos almacen logistica tesoreria prensa
    cobranzas despacho amministrazione acquisti ufficio ordini fatture assistenza risorseumane personale prenotazioni
    magazzino preventivi negozio stampa financeiro atendimento faturamento sac diretoria orcamento orcamentos loja
    administrativo cobranca ouvidoria juridico ola inkoop administratie receptie klantenservice boekhouding facturen
    bestellingen directie secretariaat personeelszaken planning werkplaats praktijk sollicitatie welkom vragen inkop
    försäljning forsaljning kundtjänst lon receptionen bokning växel vaxel butik firmapost kundeservice salg regnskap
    bestilling resepsjon ordre butikk bogholderi regnskab indkob indkøb klinikken myynti asiakaspalvelu toimisto
    laskutus laskut ostot tilaukset vastaanotto rekry zamowienia kadry handlowy serwis zakupy rejestracja gabinet
    fakturace faktury ucto kancelar prodej servis ordinace ertekesites rendeles penzugy konyveles szamlazas
    contabilitate achizitii programari prodazhi buhgalter kancelyariya priemnaya opt satis satinalma muhasebe bilgi
    iletisim destek siparis prodaja uprava racunovodstvo tajnistvo nabava penjualan pemasaran layanan eigyo soumu
    toiawase otoiawase keiri jinji kefu caiwu xiaoshou zhaopin shangwu
    """
)
_ROLES_AT_THE_START: Final = _ROLES - word_set(
    """
    ap ar dr hi hr it oi pr rh auto bar time stage personal guest law log moin post winkel english root druck lager
    hei school hotel dental max all gf sac lon opt ola hey club salon people logo
    """
)
_START_CHARS: Final = 4
_STARTS_OF_ROLES: Final = frozenset(role[:_START_CHARS] for role in _ROLES)
_BEFORE_DIGIT: Final = re.compile(r"(?<=[a-z])(?=[0-9])")


def email_address(value: Any) -> str | None:
    """Return the address in lower case with its domain in ASCII, or None if the syntax is wrong.

    `mailto:` in front, a display name with angle brackets, a label (`Work: …`, `… (private)`) and punctuation at
    the end are accepted. Two addresses in one field are refused: nothing says which one is meant. So is one that is
    masked (`a***@…`) or only says that an address was not given out.
    """
    address = address_spelling(value)
    return None if address is None or _is_withheld(address) else address


def address_spelling(value: Any) -> str | None:
    """Return what `email_address` does, also for addresses that are masked or made up."""
    if not isinstance(value, str):
        return None
    return _plain(value) or _wrapped_address(value)


def _wrapped_address(value: str) -> str | None:
    text = one_line(value, _LONGEST_ADDRESS * 2)
    if "@" not in text:
        return None
    bare = _unwrapped(text)
    if len(bare) > _LONGEST_ADDRESS:
        return None
    return _plain(bare) or _checked(bare)


def _is_withheld(address: str) -> bool:
    """Return whether an address is masked, made up, or says that the real address was not given out."""
    if address[0] in _NOBODYS_STARTS and _NOBODYS.fullmatch(address) is not None:
        return True
    return ("*" in address or not address.isascii()) and _MASK.search(address) is not None


def mail_domain(address: str) -> str:
    """Return the domain of an address that `email_address` gave."""
    return address.rpartition("@")[2]


def is_shared_mailbox(address: str) -> bool:
    """Return whether an address stands for a role (info@, sales.emea@, praxis@), so that several people may read it."""
    local = address.rpartition("@")[0].lower()
    start = local[:_START_CHARS]
    if start not in _STARTS_OF_ROLES and start.isalpha():
        # Most addresses, and nothing that is cut out below changes their first letters.
        return False
    if local in _ROLES:
        return True
    if local.isalpha():
        return False
    if local.replace(".", "").replace("_", "").replace("-", "") in _ROLES:
        return True
    return _first_part(local) in _ROLES_AT_THE_START


def _first_part(local: str) -> str:
    """Return what stands before the first separator, or before a digit that follows a letter."""
    # Each row of an import is asked: cutting takes half the time of a split by a pattern.
    for separator in "._+-":
        local = local.partition(separator)[0]
    return local if local.isalpha() else _BEFORE_DIGIT.split(local, maxsplit=1)[0]


def _unwrapped(text: str) -> str:
    text = _IN_BRACKETS.sub(r"\1", text).strip(_WRAPPING)
    if text[:7].casefold() == "mailto:":
        text = text[7:].partition("?")[0]
    text = _AFTER.sub("", _BEFORE.sub("", text), count=1)
    return text.strip(_WRAPPING).rstrip(".")


def _plain(address: str) -> str | None:
    """Return the spelling of an address that is made of what nearly all are made of, or None for any other.

    The validator takes a hundred times as long, and says the same of them: a test holds it to that.
    """
    if len(address) > _LONGEST_PLAIN:
        return None
    plain = address.lower()
    return plain if _PLAIN.fullmatch(plain) and not _is_special(plain.rpartition("@")[2]) else None


@lru_cache(maxsize=16_384)
def _is_special(domain: str) -> bool:
    return is_under(domain, _SPECIAL_USE)


def _checked(address: str) -> str | None:
    try:
        valid = validate_email(address, check_deliverability=False)
    except (EmailNotValidError, ValueError):
        return None
    host = ascii_host(valid.ascii_domain)
    return f"{valid.local_part.lower()}@{host}" if host is not None else None
