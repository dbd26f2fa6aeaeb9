"""Names of countries that the ISO list lacks, and regions and cities that decide a country."""

from __future__ import annotations

from app.providers.normalizer.text import inverted, word_set

# Folded (no case, no accents, no dots) name -> ISO 3166 alpha-2.
COUNTRY_ALIASES: dict[str, str] = inverted(
    {
        "GB": """
            uk | great britain | britain | england | scotland | wales | northern ireland |
            united kingdom of great britain | england and wales | u k | grande-bretagne | royaume-uni |
            vereinigtes konigreich | reino unido | regno unito
        """,
        "US": """
            united states of america | usa | u s | u s a | us of a | america | etats-unis | estados unidos |
            vereinigte staaten | stati uniti | verenigde staten | eeuu | ee uu | сша
        """,
        "NL": "holland | the netherlands | nederland | niederlande | pays-bas | paises bajos",
        "DE": """
            deutschland | allemagne | alemania | germania | alemanha | duitsland | tyskland | niemcy |
            federal republic of germany | bundesrepublik deutschland | brd | deutschland (de)
        """,
        "AT": "osterreich | autriche",
        "CH": "schweiz | suisse | svizzera | suiza | zwitserland",
        "FR": "frankreich | francia | franca | frankrijk",
        "ES": "espana | spanien | espagne | spagna | spanje",
        "IT": "italia | italien | italie",
        "PT": "portogallo",
        "BE": "belgie | belgique | belgien | belgio | belgica",
        "LU": "luxemburg",
        "SE": "sverige | schweden | suede | suecia",
        "DK": "danmark | danemark | dinamarca",
        "NO": "norge | noreg | norwegen | noruega",
        "FI": "suomi | finnland | finlande",
        "IS": "island",
        "IE": "eire | irland | irlanda | republic of ireland | irlande",
        "PL": "polska | polen | pologne | polonia",
        "CZ": "ceska republika | cesko | czech republic | czechia | tschechien",
        "SK": "slovensko | slovak republic",
        "HU": "magyarorszag | ungarn | hongrie | hungria",
        "HR": "hrvatska | kroatien",
        "SI": "slovenija",
        "RS": "srbija",
        "BA": "bosnia | bosnia & herzegovina | bosna i hercegovina",
        "ME": "crna gora",
        "MK": "macedonia | republic of macedonia | fyrom",
        "AL": "shqiperia",
        "RO": "romania | rumanien | roumanie",
        "GR": "ellada | hellas | el | griechenland | grece | grecia | ελλαδα",
        "TR": "turkey | turkei | turquie | turquia",
        "EE": "eesti",
        "LV": "latvija",
        "LT": "lietuva",
        "RU": "россия | rossiya | russia | russland | российская федерация",
        "UA": "украина | україна",
        "BY": "беларусь | byelorussia",
        "KZ": "казахстан",
        "MD": "republic of moldova | moldavia",
        "BG": "bulgarien | българия",
        "CY": "кипр",
        "AE": "uae | u a e | emirates | united arab emirates (uae)",
        "SA": "ksa | kingdom of saudi arabia | saudi",
        "IR": "iran | persia",
        "SY": "syria",
        "PS": "palestine | palestinian territories | state of palestine",
        "IL": "israel",
        "MA": "maroc | marruecos",
        "DZ": "algerie",
        "TN": "tunisie",
        "EG": "egypte | misr",
        "CI": "cote d'ivoire | ivory coast",
        "CD": "drc | dr congo | democratic republic of congo | democratic republic of the congo | congo-kinshasa",
        "CG": "congo-brazzaville | republic of the congo",
        "CV": "cape verde",
        "SZ": "swaziland",
        "TZ": "tanzania",
        "GM": "gambia",
        "ST": "sao tome",
        "ZA": "rsa | sudafrica | sudafrika",
        "RE": "reunion island",
        "KR": "korea | south korea | republic of korea | korea south | rok | 대한민국 | 한국",
        "KP": "north korea | dprk",
        "CN": "china | prc | p r c | mainland china | 中国 | 中國 | people's republic of china | chine",
        "HK": "hong kong sar | hong kong sar china | hongkong | hong kong s a r | 香港",
        "MO": "macau | macao sar",
        "TW": "taiwan | taiwan roc | roc | 台灣 | 台湾",
        "JP": "nippon | nihon | 日本 | japon | giappone",
        "IN": "bharat | भारत | inde | indien",
        "VN": "vietnam | viet nam",
        "LA": "laos",
        "MM": "burma",
        "BN": "brunei",
        "TL": "east timor",
        "LK": "ceylon",
        "MV": "maldive islands",
        "PH": "philippine | the philippines | pilipinas",
        "BR": "brasil | bresil | brasilien",
        "MX": "mejico | mexique | mexiko",
        "VE": "venezuela",
        "BO": "bolivia",
        "TT": "trinidad | tobago | trinidad & tobago",
        "DO": "dominican rep | republica dominicana",
        "CW": "curacao",
        "FK": "falkland islands",
        "LC": "st lucia",
        "KN": "st kitts and nevis",
        "VC": "st vincent and the grenadines",
        "MF": "st martin",
        "SX": "sint maarten",
        "VI": "virgin islands | us virgin islands",
        "VG": "british virgin islands | bvi",
        "FM": "micronesia",
        "NZ": "aotearoa",
        "VA": "vatican | vatican city",
    }
)

# Names that are both a country and something else, so they decide nothing in a location written as free text.
AMBIGUOUS_LOCATIONS = frozenset(
    {
        "georgia",
        "jersey",
        "lebanon",
        "el",
        "america",
        "saudi",
        "virgin islands",
        "st martin",
        "niger",
        "and",
        "can",
        "per",
    }
    | {
        "surrey",
        "kent",
        "essex",
        "hampshire",
        "cheshire",
        "lancashire",
        "berkshire",
        "ontario",
        "piedmont",
        "brandenburg",
    }
)

US_STATES: dict[str, str] = inverted(
    {
        "AL": "alabama",
        "AK": "alaska",
        "AZ": "arizona",
        "AR": "arkansas",
        "CA": "california",
        "CO": "colorado",
        "CT": "connecticut",
        "DE": "delaware",
        "FL": "florida",
        "GA": "georgia",
        "HI": "hawaii",
        "ID": "idaho",
        "IL": "illinois",
        "IN": "indiana",
        "IA": "iowa",
        "KS": "kansas",
        "KY": "kentucky",
        "LA": "louisiana",
        "ME": "maine",
        "MD": "maryland",
        "MA": "massachusetts",
        "MI": "michigan",
        "MN": "minnesota",
        "MS": "mississippi",
        "MO": "missouri",
        "MT": "montana",
        "NE": "nebraska",
        "NV": "nevada",
        "NH": "new hampshire",
        "NJ": "new jersey",
        "NM": "new mexico",
        "NY": "new york",
        "NC": "north carolina",
        "ND": "north dakota",
        "OH": "ohio",
        "OK": "oklahoma",
        "OR": "oregon",
        "PA": "pennsylvania",
        "RI": "rhode island",
        "SC": "south carolina",
        "SD": "south dakota",
        "TN": "tennessee",
        "TX": "texas",
        "UT": "utah",
        "VT": "vermont",
        "VA": "virginia",
        "WA": "washington",
        "WV": "west virginia",
        "WI": "wisconsin",
        "WY": "wyoming",
        "DC": "district of columbia",
    }
)

# Regions below the country whose name means one country only, folded.
REGIONS: dict[str, str] = dict.fromkeys(US_STATES.keys() - {"georgia"}, "US") | inverted(
    {
        "US": "washington dc | washington d c | new york city | nyc | new york state | silicon valley | new england",
        "CA": """
            alberta | british columbia | manitoba | new brunswick | newfoundland and labrador | nova scotia |
            ontario | quebec | saskatchewan | prince edward island
        """,
        "AU": """
            new south wales | queensland | south australia | western australia | tasmania | northern territory |
            australian capital territory
        """,
        "GB": """
            greater london | west midlands | west yorkshire | south yorkshire | greater manchester | merseyside |
            surrey | kent | essex | hampshire | hertfordshire | berkshire | buckinghamshire | oxfordshire |
            cambridgeshire | lancashire | cheshire | east sussex | west sussex
        """,
        "DE": """
            bayern | bavaria | baden-wurttemberg | nordrhein-westfalen | north rhine-westphalia | hessen | hesse |
            niedersachsen | lower saxony | sachsen | saxony | schleswig-holstein | rheinland-pfalz |
            rhineland-palatinate | thuringen | thuringia | brandenburg | mecklenburg-vorpommern | saarland
        """,
        "FR": "ile-de-france | nouvelle-aquitaine | occitanie | auvergne-rhone-alpes | hauts-de-france | bretagne",
        "ES": "catalonia | cataluna | catalunya | andalusia | andalucia | community of madrid | comunidad de madrid",
        "IT": "lombardy | lombardia | lazio | veneto | piemonte | piedmont | emilia-romagna | tuscany | toscana",
        "NL": """
            north holland | noord-holland | south holland | zuid-holland | noord-brabant | north brabant |
            gelderland
        """,
        "BE": "flanders | vlaanderen | wallonia | flemish region | brussels region",
        "IN": """
            maharashtra | karnataka | tamil nadu | telangana | gujarat | uttar pradesh | west bengal | haryana |
            kerala | rajasthan | madhya pradesh | andhra pradesh
        """,
        "ZA": "gauteng | western cape | kwazulu-natal | eastern cape",
        "IE": "county dublin | county cork | county galway | co dublin",
    }
)

# Two letters after a city that are a country and no province anywhere. The other codes decide only after a city of
# `METROS` in that country: "Torino, TO", "Belo Horizonte, MG" and "Mumbai, MH" are not in Tonga, Madagascar or the
# Marshall Islands.
PLAIN_COUNTRY_CODES = frozenset({"US", "UK", "GB", "AU", "NZ", "JP", "DK", "PL", "HK", "KR", "HU", "UA", "AE"})

# Letters after a city that are a province of one country and no country: they decide that one.
REGION_CODES: dict[str, str] = inverted(
    {
        "US": """
            AK | CT | DC | FL | HI | IA | KS | MI | ND | NH | NJ | NM | NV | NY | OH | OK | OR | RI | TX | UT | VT |
            WI | WV | WY
        """,
        "CA": "AB | BC | MB | NB | NS | ON | QC",
        "AU": "NSW | QLD | VIC",
    }
)

US_STATE_CODES = frozenset(US_STATES.values())

# Cities so large that "City, XX" or "Greater City Area" means them. Several towns share some of these names,
# so the code after the comma has to fit as well.
_US_METROS: dict[str, str] = inverted(
    {
        "CA": """
            san francisco | los angeles | san diego | san jose | sacramento | oakland | palo alto | mountain view |
            sunnyvale | irvine | santa clara | san mateo | redwood city | santa monica | menlo park | long beach |
            pasadena | anaheim | fresno | berkeley | san francisco bay
        """,
        "CO": "denver | boulder | colorado springs | aurora",
        "GA": "atlanta | alpharetta | savannah",
        "IL": "chicago | naperville",
        "IN": "indianapolis | fort wayne",
        "LA": "new orleans | baton rouge",
        "MA": "boston | cambridge | worcester | somerville | waltham",
        "MD": "baltimore | bethesda | annapolis | rockville",
        "MN": "minneapolis | saint paul | st paul | minneapolis-st paul",
        "MO": "st louis | saint louis | kansas city | springfield",
        "NC": "charlotte | raleigh | durham | raleigh-durham",
        "NE": "omaha | lincoln",
        "PA": "philadelphia | pittsburgh",
        "SC": "charleston | greenville",
        "TN": "nashville | memphis | knoxville",
        "VA": "richmond | arlington | virginia beach | reston | alexandria",
        "AZ": "phoenix | scottsdale | tempe | tucson | mesa | chandler",
        "AL": "birmingham | huntsville | montgomery",
        "AR": "little rock | bentonville",
        "DE": "wilmington | dover",
        "KY": "louisville | lexington",
        "ID": "boise",
        "MT": "billings | bozeman | missoula",
        "ME": "portland | bangor",
        "MS": "jackson",
        "SD": "sioux falls",
        "WA": "seattle | bellevue | redmond | spokane | tacoma | kirkland | olympia",
        "TX": "dallas | houston | austin | san antonio | dallas-fort worth | fort worth",
        "NY": "new york | new york city | brooklyn | buffalo",
        "FL": "miami | tampa | orlando | miami-fort lauderdale | tampa bay | jacksonville",
        "MI": "detroit",
        "OH": "columbus | cleveland | cincinnati",
        "NV": "las vegas",
        "UT": "salt lake city",
        "DC": "washington | washington dc | washington dc-baltimore",
        "WI": "milwaukee",
    }
)
_METROS_ABROAD: dict[str, str] = inverted(
    {
        "CA": "vancouver | toronto | montreal | calgary | ottawa | edmonton",
        "GB": "london | manchester | leeds | glasgow | edinburgh | liverpool | bristol",
        "DE": """
            berlin | munich | munchen | hamburg | frankfurt | cologne | koln | stuttgart | dusseldorf | leipzig |
            nuremberg | frankfurt rhine-main
        """,
        "FR": "paris | lyon | marseille | toulouse | lille | bordeaux | nantes",
        "ES": "madrid | barcelona | valencia | seville | bilbao",
        "IT": "milan | milano | rome | roma | turin | naples | catania | viterbo | rieti | oristano",
        "NL": "amsterdam | rotterdam | utrecht | the hague | eindhoven | randstad",
        "BE": "brussels | antwerp | ghent",
        "CH": "zurich | geneva | basel",
        "AT": "vienna | wien",
        "IE": "dublin",
        "DK": "copenhagen | aarhus",
        "SE": "stockholm | gothenburg | malmo",
        "NO": "oslo | bergen",
        "FI": "helsinki",
        "PL": "warsaw | krakow | wroclaw",
        "CZ": "prague | brno",
        "HU": "budapest",
        "RO": "bucharest | cluj-napoca",
        "PT": "lisbon | porto",
        "GR": "athens",
        "AU": "sydney | melbourne | brisbane | perth | adelaide",
        "NZ": "auckland",
        "IN": """
            bangalore | bengaluru | mumbai | delhi | new delhi | hyderabad | chennai | pune | kolkata | ahmedabad |
            gurgaon | gurugram | noida | jaipur
        """,
        "AR": "buenos aires | cordoba",
        "BR": "sao paulo | rio de janeiro",
        "CO": "bogota | medellin",
        "MX": "mexico city | guadalajara | monterrey",
        "IL": "tel aviv | jerusalem | haifa",
        "JP": "tokyo | osaka",
        "KR": "seoul",
        "ID": "jakarta | bandung",
        "MA": "casablanca | rabat",
        "PA": "panama city",
        "TN": "tunis",
        "ZA": "johannesburg | cape town",
        "AE": "dubai | abu dhabi",
        "GA": "libreville",
        "CL": "santiago",
        "PE": "lima",
        "NG": "lagos",
        "KE": "nairobi",
        "EG": "cairo",
        "TR": "istanbul | ankara",
        "PH": "manila | metro manila",
        "AL": "tirana",
        "TH": "bangkok",
        "VN": "ho chi minh city | hanoi",
        "MY": "kuala lumpur",
        "AZ": "baku",
        "MT": "valletta",
        "UA": "kyiv | kiev | lviv",
    }
)
METROS: dict[str, tuple[str, str]] = {
    **{city: ("US", state) for city, state in _US_METROS.items()},
    **{city: (country, country) for city, country in _METROS_ABROAD.items()},
}

# Cities that share their name with one in METROS, by the code that then follows.
METROS_BY_CODE: dict[tuple[str, str], str] = {
    ("vancouver", "WA"): "US", ("birmingham", "AL"): "US", ("cambridge", "MA"): "US", ("portland", "ME"): "US",
    ("wilmington", "DE"): "US", ("naples", "FL"): "US", ("athens", "GA"): "US", ("dublin", "CA"): "US",
    ("lima", "OH"): "US", ("melbourne", "FL"): "US", ("manchester", "NH"): "US", ("panama city", "FL"): "US",
    ("tbilisi", "GEORGIA"): "GE", ("batumi", "GEORGIA"): "GE", ("kutaisi", "GEORGIA"): "GE",
    ("atlanta", "GEORGIA"): "US", ("alpharetta", "GEORGIA"): "US", ("savannah", "GEORGIA"): "US",
    ("augusta", "GEORGIA"): "US", ("athens", "GEORGIA"): "US", ("marietta", "GEORGIA"): "US",
    ("perth", "WA"): "AU", ("fremantle", "WA"): "AU", ("seattle", "WA"): "US", ("bellevue", "WA"): "US",
    ("redmond", "WA"): "US", ("spokane", "WA"): "US", ("tacoma", "WA"): "US", ("kirkland", "WA"): "US",
}  # fmt: skip
# Names that a lone "Greater City Area" or "City" does not decide, since two cities of that name are large.
SHARED_METROS = word_set(
    """
    birmingham cambridge portland vancouver wilmington richmond springfield lincoln jackson aurora arlington
    charleston greenville lexington dover durham cordoba valencia alexandria santiago worcester richmond columbus
    buffalo bristol olympia chandler mesa bangor montgomery naples athens georgia
    """
)
