"""Countries from codes, names and free-text locations."""

import pycountry
import pytest

from app.normalizer.countries import country_from_column, country_from_location, normalize_country
from app.normalizer.data.places import COUNTRY_ALIASES, METROS, REGION_CODES, REGIONS


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("us", "US"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("US-CA", "US"),
        ("CA", "CA"),
        ("UK", "GB"),
        ("England", "GB"),
        ("Holland", "NL"),
        ("The Netherlands", "NL"),
        ("Deutschland", "DE"),
        ("Ivory Coast", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("Russia", "RU"),
        ("UAE", "AE"),
        ("Korea, Republic of", "KR"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("日本", "JP"),
        ("Georgia", "GE"),
        ("Korea (the Republic of)", "KR"),
        ("Korea, Dem. People's Rep.", "KP"),
        ("Bosnia-Herzegovina", "BA"),
        ("Congo, Dem. Rep.", "CD"),
        ("DE - Germany", "DE"),
        ("Germany (Deutschland)", "DE"),
        ("Kanada", "CA"),
        ("Royaume-Uni", "GB"),
        ("Россия", "RU"),
        ("Áo", "AT"),
        ("Oesterreich", "AT"),
        ("Rep. Dominicana", "DO"),
        ("Singapore, Singapore", "SG"),
        ("Congo", None),
        ("Kongo", None),
        ("コンゴ", None),
        ("Virgin Islands", None),
        ("Niger (Nigeria)", None),
        ("Germany, France", None),
        ("US/Canada", None),
        ("California", None),
        ("Europe", None),
        ("xx", None),
        ("", None),
        (49, None),
    ],
)
def test_country_column_is_read_exactly(raw: object, code: str | None) -> None:
    """Names and codes count, likeness does not."""
    assert country_from_column(raw) == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("Austin, TX", "US"),
        ("San Francisco, California", "US"),
        ("San Francisco, CA", "US"),
        ("Chicago, IL 60601", "US"),
        ("Toronto, ON", "CA"),
        ("Berlin, Germany", "DE"),
        ("Berlin, DE", "DE"),
        ("Wilmington, DE", "US"),
        ("London, UK", "GB"),
        ("Perth, WA", "AU"),
        ("Seattle, WA", "US"),
        ("Atlanta, Georgia", "US"),
        ("Tbilisi, Georgia", "GE"),
        ("Paris, Île-de-France", "FR"),
        ("Remote, US", "US"),
        ("Berlin, Germany (Remote)", "DE"),
        ("Greater Munich Metropolitan Area", "DE"),
        ("Greater New York City Area", "US"),
        ("San Francisco Bay Area", "US"),
        ("Germany", "DE"),
        ("東京, 日本", "JP"),
        ("Granada", None),
        ("Georgia", None),
        ("Springfield, GA", None),
        ("Somewhere, CA", None),
        ("Milano, MI", None),
        ("Torino, TO", None),
        ("Mumbai, MH", None),
        ("Belo Horizonte, MG", None),
        ("Birmingham", None),
        ("CA", None),
        ("EMEA", None),
        (",,", None),
        (None, None),
        ([], None),
    ],
)
def test_location_decides_a_country_only_when_sure(raw: object, code: str | None) -> None:
    """Two letters that are a state here and a country there need a city that settles it."""
    assert country_from_location(raw) == code


def test_country_is_taken_from_the_first_column_that_decides() -> None:
    """Code, then name, then location."""
    assert normalize_country("DE", "France", "Austin, TX") == "DE"
    assert normalize_country("??", "France", "Austin, TX") == "FR"
    assert normalize_country(None, " ", "Austin, TX") == "US"


def test_location_tells_the_country_georgia_from_the_state() -> None:
    """A column that says Georgia is the country unless the location lies elsewhere."""
    assert normalize_country(None, "Georgia", "Tbilisi, Georgia") == "GE"
    assert normalize_country(None, "Georgia", None) == "GE"
    assert normalize_country(None, "Georgia", "Atlanta, Georgia") == "US"


def test_tables_name_countries_of_the_iso_list() -> None:
    """A mistyped code in a table would be passed on as a country."""
    codes = {country.alpha_2 for country in pycountry.countries}
    tables = (
        COUNTRY_ALIASES.values(),
        REGIONS.values(),
        REGION_CODES.values(),
        (country for country, _ in METROS.values()),
    )
    assert set().union(*tables) <= codes
