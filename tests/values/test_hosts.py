"""Hosts and domains: one reading for import, identity, normaliser, adapters and exclusions."""

import pytest

from app.values.emails import email_address
from app.values.hosts import bare_host, employer_domain, is_mail_provider, own_domain, own_host, registrable_domain
from app.values.shared_hosts import mail_providers


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("https://www.acme.com/about?x=1", "acme.com"),
        ("HTTP://user@acme.com:8080/", "acme.com"),
        ("//shop.acme.com", "shop.acme.com"),
        ("http://http://acme.com", "acme.com"),
        ("https://https//acme.com", "acme.com"),
        ("http//acme.com", "acme.com"),
        ("https:acme.com", "acme.com"),
        ("acme.com, Inc", "acme.com"),
        ("acme.com; berg.de", "acme.com"),
        ("acme.com\\x", "acme.com"),
        ("<https://acme.com>", "acme.com"),
        ("'acme.com'", "acme.com"),
        ("acme.com.", "acme.com"),
        ("mailto:info@acme.com", "acme.com"),
        ("info@acme.com", "acme.com"),
        ("www.com", "www.com"),
        ("acme。com", "acme.com"),
        ("ＡＣＭＥ.com", "acme.com"),
        ("https://www.Straße.de/x", "xn--strae-oqa.de"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
        ("strasse.de", "strasse.de"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("muster.example", "muster.example"),
        ("1.2.3.4", None),
        ("http://[::1]/", None),
        ("n.a.", None),
        ("n.a", None),
        ("localhost", None),
        ("acme", None),
        ("a..com", None),
        ("-acme.com", None),
        ("ac%20me.com", None),
        ("ac me.com", None),
        ("javascript:alert(1)", None),
        ("http://", None),
        ("", None),
        (None, None),
        (5, None),
        ("a." * 100_000 + "com", None),
    ],
)
def test_host_is_read_in_one_spelling(written: object, host: str | None) -> None:
    """Scheme, user, port, path, `www.`, case and script make no difference; what names no host gives none."""
    assert bare_host(written) == host


@pytest.mark.parametrize(
    ("written", "name", "host"),
    [
        ("https://www.yelp.com/biz/alpha-pizza", None, None),
        ("https://www.yelp.co.uk/biz/alpha-pizza", "Alpha Pizza", None),
        ("https://it.tripadvisor.ch/Restaurant_Review-1", None, None),
        ("https://www.etsy.com/shop/gamma", "Gamma", None),
        ("https://gamma.etsy.com", "Gamma", None),
        ("https://www.etsy.com/", "Gamma", None),
        ("https://www.etsy.com/", "Etsy, Inc.", "etsy.com"),
        ("https://www.etsy.com/de/", "Etsy Ireland UC", "etsy.com"),
        ("etsy.com", None, "etsy.com"),
        ("https://www.amazon.de/shops/delta", None, None),
        ("https://wa.me/4930901820", None, None),
        ("https://fb.com/rho", None, None),
        ("https://www.tiktok.com/@acme", None, None),
        ("https://www.pinterest.com/acme", None, None),
        ("facebook.com", "Rho", None),
        ("https://maps.app.goo.gl/abc", None, None),
        ("https://bit.ly/3abc", None, None),
        ("https://sites.google.com/view/acme", None, None),
        ("https://linktr.ee/acme", None, None),
        ("https://www.gelbeseiten.de/gsbiz/1", None, None),
        ("t-online.de", "Bau Alpha", None),
        ("hotmail.sg", None, None),
        ("qq.com", None, None),
        ("acme.t-online.de", None, None),
        ("acme.wordpress.com", None, "acme.wordpress.com"),
        ("https://acme.weebly.com/", "Acme", "acme.weebly.com"),
        ("https://www.weebly.com/", "Weebly", "weebly.com"),
        ("acme.github.io", None, "acme.github.io"),
        ("https://www.acme.com/yelp.com", None, "acme.com"),
        ("notyelp.com", None, "notyelp.com"),
        ("https://menus.example/place/alpha-pizza", "Alpha Pizza", None),
        ("https://menus.example/oslo/alpha-pizza-12345", "Alpha Pizza", None),
        ("https://shops.example/@nordlicht", "Nordlicht GmbH", None),
        ("https://menus.example/m/mu", "Mu", None),
        ("sky.com", "Sky UK", "sky.com"),
        ("vodafone.de", "Vodafone GmbH", "vodafone.de"),
        ("https://www.personio.de/ueber-uns", "Personio SE", "personio.de"),
        ("dnb.com", "Dun & Bradstreet", "dnb.com"),
        ("x.com", "Xerox", None),
        ("https://www.db.com/deutsche-bank", "Deutsche Bank", "db.com"),
        ("https://www.sp-bau.de/service", "Service Partner", "sp-bau.de"),
        ("https://www.mueller.de/müller", "Müller", "mueller.de"),
        ("report.docx", None, None),
        ("st.gallen", None, None),
        ("https://mu.example/mu", "Mu", "mu.example"),
        ("https://menus.example/place/alpha-pizza", None, "menus.example"),
        ("https://menus.example/de/kontakt", "Alpha Pizza", "menus.example"),
        ("https://alpha.example/alpha-pizza", "Alpha Pizza", "alpha.example"),
        ("https://www.nordlicht-gruppe.example/nordlicht-bau", "Nordlicht Bau", "nordlicht-gruppe.example"),
        ("https://nb.example/nordlicht-bau", "NB Nordlicht Bau", "nb.example"),
    ],
)
def test_own_host_is_none_for_a_page_or_mailbox_on_somebody_elses(
    written: str, name: str | None, host: str | None
) -> None:
    """A platform's page, a mail provider and a shortener are nobody's own; the platform's front page is its own."""
    assert own_host(written, name) == host


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("shop.acme.co.uk", "acme.co.uk"),
        ("acme.github.io", "acme.github.io"),
        ("blog.acme.weebly.com", "acme.weebly.com"),
        ("www.weebly.com", "weebly.com"),
        ("co.uk", None),
        ("report.docx", None),
        ("muster.example", None),
    ],
)
def test_registrable_domain_is_what_its_owner_registered(host: str, domain: str | None) -> None:
    """Customers of a host of sites own their sub-domain; names under an unknown ending are no domains."""
    assert registrable_domain(host) == domain


def test_staff_of_a_platform_have_an_employer() -> None:
    """A work address at a platform names the platform; a private mailbox names no employer."""
    assert employer_domain("mail.linkedin.com") == "linkedin.com"
    assert own_domain("https://www.linkedin.com/company/acme") is None
    assert employer_domain("gmail.com") is None


def test_every_mail_provider_is_in_the_one_spelling_that_is_looked_for() -> None:
    """A domain in another spelling would never be met."""
    assert len(mail_providers()) > 5_000
    assert [domain for domain in mail_providers() if bare_host(domain) not in mail_providers()] == []


@pytest.mark.parametrize(
    ("raw", "domain"),
    [
        ("https://www.acme.co.uk/about?x=1", "acme.co.uk"),
        ("WWW.Acme.com", "acme.com"),
        ("//shop.acme.com", "acme.com"),
        ("http://user:secret@acme.com:8080/x", "acme.com"),
        ("info@acme.com", "acme.com"),
        ("acme.com.", "acme.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("acme.github.io", "acme.github.io"),
        ("https://www.linkedin.com/company/acme", None),
        ("facebook.com/acme", None),
        ("gmail.com", None),
        ("localhost", None),
        ("acme", None),
        ("127.0.0.1", None),
        ("http://[::1]/", None),
        ("co.uk", None),
        ("report.docx", None),
        ("-acme.com", None),
        ("a..com", None),
        ("http://", None),
        (None, None),
        (5, None),
    ],
)
def test_company_domain_is_the_registrable_one(raw: object, domain: str | None) -> None:
    """What the company registered is kept; addresses that say nothing about a company are refused."""
    assert own_domain(raw) == domain


def test_free_mail_domains_are_domains_in_lower_case() -> None:
    """A domain in another spelling would never be met."""
    assert len(mail_providers()) >= 100
    assert all(email_address(f"a@{domain}") == f"a@{domain}" for domain in mail_providers())
    assert is_mail_provider("gmail.com")
    assert not is_mail_provider("example.com")
