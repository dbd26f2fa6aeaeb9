"""Names of industries as LinkedIn (old and new list), HubSpot, Apollo and Salesforce write them, by vocabulary value.

The keys of the tables are folded: lower case, no accents, "&" as "and", other punctuation as a space. Left out on
purpose, because they fit several values or none: internet, consumer goods, wholesale, automotive, venture capital,
government, non-profit, farming, design, events, research, sports, recruitment.
"""

from __future__ import annotations

from app.normalizer.text import inverted
from app.values.text import word_set

ACCOUNTING = "Accounting & Finance"
CONSTRUCTION = "Architecture & Construction"
SAAS = "B2B SaaS"
ACQUISITIONS = "Business Acquisitions"
BUSINESS_SERVICES = "Business Services"
RETAIL = "E-Commerce & Retail"
EDUCATION = "Education & Training"
ENERGY = "Energy & Utilities"
HEALTH = "Healthcare & Life Sciences"
HR = "HR & Recruitment"
INSURANCE = "Insurance"
LEGAL = "Legal Services"
LOGISTICS = "Logistics & Supply Chain"
IT = "Managed Services & IT"
MANUFACTURING = "Manufacturing"
MARKETING = "Marketing & Advertising"
MEDIA = "Media & Entertainment"
PROFESSIONAL = "Professional Services"
REAL_ESTATE = "Real Estate"
STAFFING = "Staffing & Recruitment"
TELECOMS = "Telecoms"
TRAVEL = "Travel & Hospitality"
OTHER = "Other"

INDUSTRIES = (
    ACCOUNTING, CONSTRUCTION, SAAS, ACQUISITIONS, BUSINESS_SERVICES, RETAIL, EDUCATION, ENERGY, HEALTH, HR,
    INSURANCE, LEGAL, LOGISTICS, IT, MANUFACTURING, MARKETING, MEDIA, PROFESSIONAL, REAL_ESTATE, STAFFING,
    TELECOMS, TRAVEL, OTHER,
)  # fmt: skip

# Whole names.
ALIASES: dict[str, str] = inverted(
    {
        SAAS: """
            software | computer software | software development | software publishers | software publishing |
            enterprise software | business software | saas | software as a service | software as a service saas |
            b2b software | cloud software | it services and software | software and technology |
            desktop computing software products | data infrastructure and analytics software | saas software |
            software saas | b2b saas software | software company | software companies |
            computer software and services | application software | software product | software products |
            business intelligence platforms | marketing software | hr software | crm software | sales software |
            vertical saas | enterprise saas | accounting software | security software | erp software | martech |
            software and internet | prepackaged software | cloud saas | platform as a service
        """,
        IT: """
            information technology and services | information technology | it services and it consulting |
            it services | it consulting | it service | it | information technology services |
            information technology and service | it and services | it services and consulting | managed services |
            managed it services | managed service provider | managed services provider | managed service providers |
            msp | mssp | it support | it outsourcing | computer and network security | computer network security |
            network security | cyber security | cybersecurity | information security | computer networking |
            cloud services | cloud computing | cloud hosting | hosting | web hosting | data center | data centers |
            data centre | it system custom software development | it system design services |
            it system testing and evaluation | it system training and support | it system data services |
            it system installation and disposal | it system operations and maintenance | computer systems design |
            computer systems design and related services | system integration | systems integration |
            systems integrator | it solutions | it infrastructure | information technology consulting |
            technology consulting | custom computer programming services | computer and it services | ict services |
            ict | custom software and it services | custom software development | computer services |
            it hardware and services | it and managed services | computer facilities management services |
            it staffing and consulting services | tech support | devops consulting | computer support services
        """,
        ACCOUNTING: """
            financial services | finance | financial | accounting | banking | bank | banks | accounting services |
            bookkeeping | tax services | audit | investment management | investment banking | capital markets |
            investments | asset management | wealth management | investment advice | commercial banking |
            retail banking | private banking | credit unions | credit union | savings institutions |
            credit intermediation | loan brokers | funds and trusts | securities |
            securities and commodity exchanges | brokerage | international trade financing | accountancy |
            accountants | accounting and bookkeeping | finance and accounting | banking and financial services |
            payments | payroll and accounting | lending | mortgage | mortgage lending | consumer lending |
            mortgage banking | banking financial services | tax preparation | tax preparation services |
            audit and tax | financial planning | financial advisory | trusts and estates | personal finance |
            hedge funds | hedge fund | pension funds | central banking | central banks | accounting and finance |
            accounting tax preparation bookkeeping and payroll services | finance and banking |
            financial services and banking
        """,
        ACQUISITIONS: """
            mergers and acquisitions | m and a | m a | manda | business acquisition | business brokers |
            business brokerage | merger and acquisition | search fund | search funds | acquisition entrepreneurship
            | business brokerage and acquisitions | m and a advisory | mergers acquisitions
        """,
        BUSINESS_SERVICES: """
            business service | outsourcing offshoring | outsourcing | offshoring |
            outsourcing and offshoring consulting | bpo | business process outsourcing | facilities services |
            facility services | facilities management | facility management | janitorial services |
            commercial cleaning | cleaning services | office administration | security and investigations |
            security services | administrative services | administrative and support services |
            telephone call centers | call centers | call center | call centre | collection agencies |
            equipment rental | equipment rental services | security guards and patrol services |
            security systems services | commercial and industrial equipment rental | business support services |
            document management | translation and localization | translation services | private security |
            business services general | janitorial | virtual assistant services | corporate services |
            landscaping services | building cleaning services
        """,
        MARKETING: """
            marketing | advertising | marketing and advertising | advertising services | marketing services |
            digital marketing | marketing agency | public relations and communications |
            public relations and communications services | public relations | pr | market research |
            advertising agency | advertising agencies | digital agency | creative agency | seo | seo agency |
            branding | branding agency | social media marketing | content marketing | performance marketing |
            lead generation | demand generation | marketing consulting | media buying | adtech | ad tech |
            digital advertising | digital marketing agency | advertising and marketing | marketing communications |
            email marketing | influencer marketing | affiliate marketing | search engine optimization |
            growth marketing | media agency | pr agency | marketing and pr | direct marketing | outdoor advertising
            | design and marketing | marketing digital | online marketing | internet marketing
        """,
        PROFESSIONAL: """
            professional service | management consulting | business consulting | consulting |
            business consulting and services | consultancy | strategic management services | operations consulting |
            strategy consulting | management consultancy | consulting services | business management |
            management consulting services | advisory | advisory services | executive coaching consulting |
            environmental consulting | sales consulting | consultants | consulting firm | business consultants |
            business advisory
        """,
        STAFFING: """
            staffing and recruiting | staffing | staffing and recruitment services | staffing agency |
            employment agency | recruitment agency | recruiting agency | executive search |
            executive search services | temporary staffing | temporary help services | recruitment agencies |
            staffing services | employment services | temporary employment agency | it staffing | headhunting |
            recruitment services | recruiting firm | staffing recruiting | employment placement agencies |
            recruitment consultancy | talent agency staffing | recruitment process outsourcing |
            staffing and outsourcing | staffing firm | executive search firm | recruitment firm | staffing company |
            recruitment and staffing
        """,
        HR: """
            human resources | human resources services | human resource | hr | hr services | hr consulting |
            human resources consulting | hr tech | hr outsourcing | professional employer organizations |
            payroll services | human resources and services | hr and payroll | peo | employee benefits |
            human resources management | hr and recruiting | human capital management | hr and recruitment services
            | human resources and recruiting
        """,
        HEALTH: """
            hospital and health care | hospitals and health care | healthcare | health care | health | hospitals |
            hospital | medical practice | medical practices | medical devices | medical device | medical equipment |
            medical equipment manufacturing | pharmaceuticals | pharmaceutical | pharma |
            pharmaceutical manufacturing | biotechnology | biotech | biotechnology research | life sciences |
            life science | health wellness and fitness | mental health care | alternative medicine | veterinary |
            veterinary services | physicians | dentists | dental | optometrists | chiropractors |
            home health care services | nursing homes and residential care facilities | public health |
            health and human services | outpatient care centers | medical and diagnostic laboratories |
            physical occupational and speech therapists | ambulance services | health services | medical |
            healthcare services | health care services | medtech | healthtech | health tech | digital health |
            clinical research | family planning centers | pharmacies research | nursing | dentistry | diagnostics |
            healthcare and life sciences | senior care | assisted living | behavioral health | medical laboratories
            | medical and dental practices | health and wellness | healthcare and pharmaceuticals |
            pharma and biotech | mental health
        """,
        CONSTRUCTION: """
            construction | architecture | architecture and planning | civil engineering | building construction |
            general contractor | general contractors | residential building construction |
            nonresidential building construction | specialty trade contractors | building finishing contractors |
            building structure and exterior contractors | building equipment contractors | landscape architecture |
            highway street and bridge construction | utility system construction | subdivision of land |
            interior design and architecture | roofing | plumbing | hvac | electrical contractors |
            construction and engineering | architecture engineering and construction | aec | home builders |
            home building | architects | structural engineering | residential construction | commercial construction
            | homebuilding | building contractors | roofing contractors | construction management |
            architectural services | accessible architecture and design | surveying and mapping services |
            heavy construction | remodeling | home improvement contractors |
            plumbing and hvac | surveying and mapping | architecture and engineering |
            plumbing heating and air conditioning
        """,
        REAL_ESTATE: """
            real estate | commercial real estate | leasing non residential real estate |
            leasing residential real estate | property management | real estate agents and brokers |
            real estate and equipment rental services | real estate agency | real estate development | property |
            real estate investment | real estate brokerage | residential real estate | proptech |
            real estate developers | property development | realtors | realty | real estate services |
            leased non residential real estate | leased residential real estate | estate agents |
            real estate operators | lettings
        """,
        LEGAL: """
            law practice | legal services | legal | law firm | law firms | law | lawyers | attorneys | legal service
            | alternative dispute resolution | intellectual property | legaltech | legal tech | legal consulting |
            paralegal services | law firms and legal services | law practices | notaries
        """,
        INSURANCE: """
            insurance | insurance carriers | insurance agencies and brokerages |
            insurance and employee benefit funds | insurance brokerage | insurtech |
            claims adjusting actuarial services | insurance agency | insurance broker | health insurance |
            life insurance | reinsurance | insurance services | insurance brokers | property and casualty insurance
            | insurance agents | title insurance | insurance and financial products | insurance agencies and brokers
        """,
        RETAIL: """
            retail | e commerce | ecommerce | online retail | online shopping | supermarkets | supermarket | grocery
            | groceries | grocery stores | apparel and fashion | luxury goods and jewelry | internet retail |
            internet marketplace platforms | online and mail order retail | retail and ecommerce | department stores
            | convenience stores | food and beverage retail | d2c | dtc | direct to consumer | retailers | retailer
            | internet shopping | fashion retail | ecommerce retail | retail stores | retail trade | consumer retail
            | online store | online marketplace | apparel retail | e commerce and retail | e tail | specialty retail
            | e commerce retail | general merchandise stores | online shop | clothing stores | jewelry stores |
            furniture stores | bookstores
        """,
        EDUCATION: """
            education | higher education | e learning | elearning | e learning providers |
            primary secondary education | primary and secondary education | education management |
            education administration programs | professional training and coaching | professional training |
            training | edtech | schools | school | universities | university | colleges | colleges and universities
            | language schools | technical and vocational training | educational services | education services |
            coaching | child day care services | childcare | child care | day care | secretarial schools |
            k 12 education | cosmetology and barber schools | fine arts schools | sports and recreation instruction
            | flight training | vocational education | tutoring | corporate training | academic | academia |
            learning and development | training and development | education and learning | education training |
            elementary and secondary schools | online learning | universities and colleges | k 12 |
            colleges universities and professional schools
        """,
        ENERGY: """
            energy | utilities | oil and gas | oil and energy | oil gas | renewables and environment |
            renewable energy | solar | solar energy | wind energy | electric power generation |
            electric power transmission control and distribution | natural gas distribution | natural gas extraction
            | oil extraction | utilities administration | renewable energy power generation |
            solar electric power generation | wind electric power generation | nuclear electric power generation |
            hydroelectric power generation | fossil fuel electric power generation |
            biomass electric power generation | geothermal electric power generation | services for renewable energy
            | energy and utilities | power generation | utility | electric utilities |
            water supply and irrigation systems | water waste steam and air conditioning services | cleantech |
            clean energy | energy utilities | oil gas and energy | electricity | oil and gas services |
            crude petroleum and natural gas | power utilities | clean technology | electric services | renewables |
            energy and power | energy utilities and waste | steam and air conditioning supply |
            renewable energy semiconductor
        """,
        MEDIA: """
            entertainment | media | media production | broadcast media | broadcast media production and distribution
            | publishing | newspapers | newspaper publishing | book and periodical publishing | book publishing |
            periodical publishing | music | musicians | computer games | online media | online audio and video media
            | motion pictures and film | movies videos and sound | movies and sound recording | sound recording |
            animation | animation and post production | performing arts | performing arts and spectator sports |
            entertainment providers | video games | gaming studio | gaming | media and entertainment |
            media and telecommunications content | film | television | radio | radio broadcasting |
            radio and television broadcasting | sheet music publishing | internet publishing | internet news | news
            | mobile gaming apps | mobile games | social networking platforms content | television broadcasting |
            film production | video production | podcasting | publishing and media | cable and satellite programming
            | writing and editing | artists and writers | theater companies | dance companies |
            circuses and magic shows | spectator sports | game development | game studio | blogs |
            streaming services | digital media | media and publishing | esports | music industry | periodicals |
            media streaming | television production | entertainment and media | print media | film and tv |
            music production | game publishing
        """,
        TRAVEL: """
            hospitality | restaurants | restaurant | travel arrangements | travel and tourism |
            leisure travel and tourism | hotels and motels | hotels | hotel | travel | tourism | airlines aviation |
            airlines and aviation | airlines | airline | bed and breakfasts hostels homestays | hotels and resorts |
            resorts | food and beverage services | caterers | catering | mobile food services |
            bars taverns and nightclubs | travel agency | travel agencies | cruise lines | hospitality and travel |
            hotels restaurants and leisure | tour operators | tour operator | food service | food services |
            eating places | hotel management | lodging | lodging and resorts | accommodation |
            accommodation services | accommodation and food services | hostels | cafes | hospitality services |
            airlines airports and air services | travel services | vacation rentals | travel hospitality |
            leisure and hospitality | hotels and lodging | hotels restaurants | restaurants and bars |
            travel leisure and tourism | hotels and travel
        """,
        TELECOMS: """
            telecommunications | telecommunication | telecom | telecoms | wireless | wireless services |
            telecommunications carriers | satellite telecommunications | telephone services | telco |
            internet service provider | internet service providers | isp | telecom services |
            telecommunications services | broadband | mobile network operator | telephone communications |
            telecommunications service providers | voip | telecommunications and wireless |
            mobile telecommunications | wireless telecommunications | cable tv and internet providers |
            communications service provider
        """,
        LOGISTICS: """
            logistics and supply chain | logistics | supply chain | transportation trucking railroad |
            transportation | freight | trucking | shipping | warehousing | package freight delivery |
            freight and package transportation | truck transportation | maritime | maritime transportation |
            rail transportation | transportation logistics supply chain and storage | warehousing and storage |
            freight forwarding | postal services | ground passenger transportation | transportation and logistics |
            logistics and transportation | transportation and storage | courier services | couriers |
            supply chain management | transport | transport and logistics | freight forwarders |
            pipeline transportation | delivery services | last mile delivery | 3pl | moving services |
            freight and logistics services | freight and logistics | third party logistics | shipping and logistics
            | distribution and logistics | trucking and freight | moving companies | rail bus and taxi | courier |
            supply chain and logistics | transportation services | road transportation | urban transit services |
            school and employee bus services | warehousing and distribution | storage and warehousing
        """,
        MANUFACTURING: """
            manufacturing | machinery | industrial machinery | mechanical or industrial engineering |
            electrical electronic manufacturing | chemicals | plastics | semiconductors | semiconductor |
            computer hardware | consumer electronics | aviation and aerospace | textiles | furniture |
            packaging and containers | paper and forest products | glass ceramics and concrete | shipbuilding |
            railroad manufacture | industrial automation | food production | tobacco | wine and spirits |
            electronics manufacturing | contract manufacturing | industrial manufacturing | automotive manufacturing
            | 3d printing | machine shops | metal fabrication | steel | metal working | metalworking | tool and die
            | automation machinery | industrial engineering manufacturing | aerospace | aerospace and defense |
            robotics manufacturing | fabricated metals | fabricated metal products | metal treatments |
            industrial equipment | chemical
            | plastics and rubber | electronics manufacture | food manufacturing | food processing | breweries |
            wineries | distilleries | alternative fuel vehicle manufacturing | medical supplies production |
            precision manufacturing | industrial goods | manufacturing and industrial |
            industrial machinery and equipment | aerospace manufacturing | specialty chemicals |
            machinery and equipment | semiconductors and related devices | building products manufacturing |
            heavy machinery | electronic components
        """,
        OTHER: """
            other | others | other industry | other industries | miscellaneous | misc | other services |
            something else | sonstige | autre | otros | outros | overig
        """,
    }
)

# Words that place a name in one industry whatever stands around them. A name with words of two industries is
# undecided, but for the precedence below.
KEYWORDS: dict[str, str] = inverted(
    {
        ACCOUNTING: """
            accounting | accountancy | accountant | accountants | bookkeeping | banking | banks | bank | finance |
            financial | investment | investments | lending | loans | mortgage | wealth | securities | tax | auditing
        """,
        CONSTRUCTION: """
            construction | contractor | contractors | architecture | architectural | architects | homebuilder |
            homebuilders | homebuilding | roofing | plumbing
        """,
        RETAIL: "retail | retailer | retailers | retailing | ecommerce | supermarket | supermarkets | grocery",
        EDUCATION: """
            education | educational | school | schools | university | universities | college | colleges | tutoring |
            elearning | edtech
        """,
        ENERGY: """
            utilities | utility | solar | renewable | renewables | petroleum | electricity | photovoltaic
        """,
        HEALTH: """
            healthcare | hospital | hospitals | medical | medicine | pharma | pharmaceutical | pharmaceuticals |
            biotech | biotechnology | clinic | clinics | clinical | dental | dentists | nursing | physicians |
            veterinary | therapeutics | diagnostics | biopharma | biopharmaceutical | orthodontics
        """,
        INSURANCE: "insurance | reinsurance | insurtech",
        LEGAL: "law | legal | lawyers | attorneys | litigation | solicitors | barristers",
        LOGISTICS: "logistics | freight | trucking | warehousing | shipping | courier | haulage",
        MANUFACTURING: "manufacturing | manufacturer | manufacturers | manufacture | machinery | fabrication",
        MARKETING: "marketing | advertising | branding | seo",
        MEDIA: """
            broadcasting | publishing | publishers | newspapers | newspaper | television | entertainment | movies
        """,
        REAL_ESTATE: "realestate | realtors | realty | property | properties",
        STAFFING: "staffing | headhunting",
        TELECOMS: "telecom | telecoms | telecommunications | telecommunication | broadband | wireless",
        TRAVEL: """
            hospitality | restaurants | restaurant | hotel | hotels | travel | tourism | airlines | airline |
            resorts | catering | motels
        """,
        SAAS: "saas",
    }
)
# The last word of what a company makes.
MAKERS = frozenset({"manufacturing", "manufacturer", "manufacturers"})
# A name that starts with one of these is in that industry even when another word of it points elsewhere.
FIRST_WORDS: dict[str, str] = {"retail": RETAIL, "insurance": INSURANCE}
# After "retail" or "insurance": what is sold to the trade rather than by it.
TRADE_WORDS = word_set(
    "software technology technologies tech it platform platforms apps analytics media consulting banking"
)
# Kinds of software that are no industry.
SOFTWARE_KINDS = word_set(
    """
    embedded mobile desktop computing computer cloud data security business enterprise application system systems
    network web server productivity collaboration database analytics infrastructure and based
    """
)
# Whole names that words of theirs would place wrongly.
UNDECIDED = frozenset({"courts of law", "commercial and industrial machinery maintenance"})
# Words whose presence makes every keyword unsafe: public bodies, charities, sales of things, research about things.
UNSAFE_WORDS = word_set(
    """
    technology technologies it food drinks materials stations healing therapy uniforms furniture beds bus
    wholesale government administration public nonprofit non charity charities foundation policy enforcement
    military research software platform platforms app apps tech startup consulting supplies equipment products
    goods design engineering recreation social agriculture farming mining conservation unions political
    religious blockchain crypto cannabis analytics hardware internet digital web3 media games gaming
    """
)
