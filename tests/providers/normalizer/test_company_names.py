"""Company names: legal forms off, never too much, never empty."""

import pytest

from app.providers.normalizer.company_names import normalize_company_name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Acme Inc.", "Acme"),
        ("Acme, Inc", "Acme"),
        ("Acme Corp Ltd.", "Acme"),
        ("Acme GmbH & Co. KG", "Acme"),
        ("Acme (Pty) Ltd", "Acme"),
        ("Huawei Technologies Co., Ltd.", "Huawei Technologies"),
        ("Reliance Industries Private Limited", "Reliance Industries"),
        ("Mercado Libre S.A. de C.V.", "Mercado Libre"),
        ("Foo Sp. z o.o.", "Foo"),
        ("Foo d.o.o.e.l.", "Foo"),
        ("Nestlé S.A.", "Nestlé"),
        ("Siemens AG", "Siemens"),
        ("Eni SpA", "Eni"),
        ("BASF SE", "BASF"),
        ("ООО «Ромашка»", "Ромашка"),
        ("株式会社トヨタ", "トヨタ"),
        ("トヨタ株式会社", "トヨタ"),
        ("PT. Foo Bar", "Foo Bar"),
        ("Booking.com B.V.", "Booking.com"),
    ],
)
def test_legal_form_is_taken_off(raw: str, name: str) -> None:
    """Forms of many countries go, in front and behind."""
    assert normalize_company_name(raw) == name


@pytest.mark.parametrize(
    "name",
    [
        *("SA", "Company & Co", "The Coca-Cola Company", "The Day Spa", "Deloitte & Co", "Levi Strauss & Co.", "Inc."),
        *(
            "Limited Brands",
            "X Corp.",
            "The LLC",
            "Company Ltd",
            "Yahoo!",
            "3M",
            "eBay",
            "E.ON",
            "Group SE",
            "GmbH",
            "K.K. Foo",
        ),
        *("PT Solutions", "Toys R Us", "Ltd", "Delta Air Lines"),
    ],
)
def test_name_stays_where_the_form_may_be_part_of_it(name: str) -> None:
    """Taking off too much is worse than leaving a form behind."""
    assert normalize_company_name(name) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("ACME LOGISTICS GMBH", "Acme Logistics"),
        ("ACME CORPORATION", "ACME"),
        ("IBM CORP", "IBM"),
        ("KPMG LLP", "KPMG"),
        ("AT&T INC", "AT&T"),
        ("MCKINSEY & COMPANY", "McKinsey & Company"),
        ("BANK OF AMERICA", "Bank of America"),
        ("O'REILLY MEDIA", "O'Reilly Media"),
        ("ABC IT SERVICES", "ABC IT Services"),
        ("JUST AS", "Just As"),
        ("acme logistics", "Acme Logistics"),
        ("BOOKING.COM", "Booking.com"),
        ("acme.io", "Acme.io"),
        ("Acme®", "Acme"),
        ("Foo™ Labs, Inc.", "Foo Labs"),
        ("Apple (R)", "Apple"),
        ('"Acme"', "Acme"),
        ("  Acme \n Tools ", "Acme Tools"),
    ],
)
def test_name_is_recased_and_cleaned(raw: str, name: str) -> None:
    """Capitals only and small letters only get capitals per word; signs go."""
    assert normalize_company_name(raw) == name


@pytest.mark.parametrize("raw", [None, "", " ", "-", "N/A", "®", "&", 5, True, ["Acme"]])
def test_name_is_absent_when_there_is_none(raw: object) -> None:
    """Placeholders and wrongly typed values are no name."""
    assert normalize_company_name(raw) is None
