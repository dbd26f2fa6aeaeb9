"""Words of job titles, folded (lower case, no accents), by the level they stand for.

A head is the noun that a title is about: "manager" in "Senior Sales Manager, EMEA".
"""

from __future__ import annotations

from app.normalizer.text import inverted
from app.values.text import word_set

# Written together before anything else is looked at, longest first. The right-hand side is a head or a marker.
PHRASES: dict[str, str] = inverted(
    {
        "cofounder": "co - founder | co-founder | co founder | co-founders | co-fondateur | co-fondatrice",
        "founder": "founders | socio fundador | socia fundadora",
        "ceo": """
            co-ceo | c e o | chief executive | chief executive officer | chief exec | managing director |
            mng director | director general | directora general | directeur general | directrice generale |
            directeur-general | diretor geral | direttore generale | director gerente | gerente general |
            algemeen directeur | president directeur general | president-directeur general | amministratore delegato
            | amministratore unico | verkstallande direktor | administrerende direktør | adm direktør |
            adm dir | daglig leder |
            dyrektor generalny | dyrektor zarzadzajacy | generaldirektor | generaldirektorin |
            generalni reditel | generalni reditelka | generalny riaditel | ugyvezeto igazgato | genel mudur |
            генеральнии директор | 代表取締役ceo | kurucu ortak |
            consejero delegado | geschaftsfuhrender gesellschafter | geschaftsfuhrende gesellschafterin |
            prezes zarzadu | генеральныи директор | 代表取締役社長 | 代表取締役 | managing member
        """,
        "owner": """
            co-owner | co owner | owner operator | owner-operator | owner manager | owner-manager |
            chef d'entreprise
        """,
        "president": "co-president | co president",
        "vp": """
            vice president | vice-president | v p | vice presidente | vice-presidente | vicepresidente |
            vice presidenta | vice pres | vicepresident | vizeprasident | senior vp
        """,
        "cto": "c t o",
        "cfo": "c f o",
        "coo": "c o o",
        "proprietor": "sole proprietor",
        "?": """
            non-executive director | non executive director | non-exec director | non executive board director |
            nonexecutive director | executive director | independent director | board director | director ejecutivo
            | directora ejecutiva | directeur executif | diretor executivo | vice chairman | vice chair |
            chief of staff | general counsel | of counsel | board member | board advisor | board adviser |
            member of the board | company secretary | corporate secretary | general secretary | secretary general |
            secretary of | editor in chief | editor-in-chief | manager in training | manager-in-training |
            chief petty officer | chief warrant officer | vice principal | associate partner | in residence |
            at heart | director of photography | team leader | group leader | squad leader | chef de rang |
            chef de partie | chef d'equipe | chef de cabinet | chef de
        """,
        "entrylevel": "in training | entry level | entry-level",
        "developer": "member of technical staff | members of technical staff",
        "lawyer": "legal counsel | corporate counsel",
        "senior lawyer": "senior counsel",
        "icmanager": """
            product owner | chef de projet | cheffe de projet | chef de projets | chef de produit |
            cheffe de produit | jefe de producto | jefa de producto | jefe de proyecto | jefe de proyectos |
            jefa de proyecto | gerente de proyecto | gerente de proyectos | gerente de producto |
            gerente de projetos | gerente de produto | gerente de contas | responsable de projet |
            responsable grands comptes
        """,
        "director": "director of nursing",
        "pmo": "project management office | project management officer",
        "intern": """
            working student | student worker | student assistant | studentische hilfskraft | recent graduate |
            work experience | duales studium | dualer student
        """,
        "gerente": "chef de service | cheffe de service | chef des ventes",
        "gerente de": "jefe de | jefa de",
        "charge": "charge d'affaires | chargee d'affaires",
        "salesdev": "sales development",
        "leadgen": """
            lead generation | lead gen | lead qualification | lead nurturing | lead management | lead conversion |
            inbound lead | outbound lead
        """,
        "hr": "human resources | human resource",
        "talent": "talent acquisition",
        "supplychain": "supply chain",
        "it": "information technology",
        "success": "customer success | client success",
        "account": "key account | key accounts",
        "socialmedia": "social media",
        "bizdev": "business development",
        "service": "customer service",
        "support": "customer support | technical support",
        "productmarketing": "product marketing",
        "qa": "quality assurance | quality control",
        "engineering": "software development | software engineering",
        "realestate": "real estate",
        "callcenter": "call center | call centre | contact center | contact centre",
        "ux": "user experience",
        "frontend": "front end | front-end",
        "backend": "back end | back-end",
        "fullstack": "full stack | full-stack",
        "scrummaster": "scrum master",
        "agilecoach": "agile coach",
        "ecommerce": "e commerce",
        "hrbp": "hr bp",
        "driver": "bus driver",
        "practitioner": "nurse practitioner",
    }
)

# One word -> the word that the rules know.
ABBREVIATIONS: dict[str, str] = inverted(
    {
        "senior": "sr | snr",
        "junior": "jr | jnr",
        "manager": "mgr | mngr",
        "management": "mgmt",
        "director": "dir",
        "engineer": "eng | engr",
        "developer": "dev",
        "executive": "exec",
        "representative": "rep | reps",
        "assistant": "asst",
        "associate": "assoc",
        "coordinator": "coord",
        "administrator": "admin",
        "account": "acct",
        "marketing": "mktg",
        "operations": "ops",
        "vp": "svp | evp | avp | rvp | gvp | vps | vp's",
        "specialist": "spec",
        "program": "programme",
        "advisor": "adviser",
        "deputy": "dy",
        "leader": "lider",
        "accounts": "accts",
        "supervisor": "supv",
        "generalmanager": "gm",
        "?": "md",
        "president": "pres",
        "head": "co-head",
        "cofounder": "cofondateur | cofondatrice | mitgrunder | mitgrunderin",
    }
)

# Before or behind a rank of the C-Suite these make it a deputy's.
DEPUTIES = word_set(
    """
    deputy dep shadow vice vize wice vise sub sous adj adjunct adjoint adjointe adjoints adjunto adjunta delegue
    deleguee aggiunto aggiunta vicario vicaria sostituto sostituta supplente suplente substituto substituta
    stellvertretend stellvertretende stellvertretender stellvertretendes stellvertreter stellvertreterin stellvertr
    stellv stv plaatsvervangend plaatsvervangende plaatsvervanger plv bitradande bitr stallforetradande
    stallforetradare stf stedfortredende stedfortreder stedfortræder assisterende ass nest apulais zastepca zast
    zastupce zastupca zastupkyne namestek namestnik zamjenik zamenik helyettes заместитель зам замест заступник заст
    yardimcisi yardımcısı yrd vekili αναπληρωτης αναπληρωτρια
    """
)
# These make it the rank of somebody whom the holder helps.
HELPERS = word_set(
    """
    assistant assistants assistante assistent assistentin assistenz assistente associate asistente asistent asistenta
    asistentka asystent asystentka assistentti asszisztens asistani asistanı ассистент ассистентка асистент auxiliar
    ayudante secretary sekretar sekretarin sekretariat secretaire secretariat secretaria secretario segretaria
    segretario segreteria secretaresse sekretarka sekreter помощник помічник βοηθος referent referentin berater
    beraterin conseiller conseillere asesor asesora assessor assessora office buro bureau biuro kabinett
    """
)

C_SUITE_HEADS = word_set(
    """
    ceo cto cfo coo cmo cio cpo cro cso chro ciso cco cdo clo cao cko cgo cbo cxo cpto cdio chiefofficer founder
    cofounder proprietor proprietress chairman chairwoman chairperson geschaftsfuhrer geschaeftsfuehrer inhaber
    grunder gruender vorstandsvorsitzender pdg gerant gerante fondateur fondatrice fundador fundadora cofundador
    cofundadora propietario propietaria proprietario proprietaria dueno duena eigenaar oprichter zaakvoerder
    titolare fondatore fondatrice agare grundare prezes własciciel wlasciciel toimitusjohtaja perustaja yrittaja
    dono vd jednatel jednatelka majitel majitelka konatel ugyvezeto vezerigazgato tulajdonos fondator proprietar
    kurucu основатель основательница владелец засновник засновниця власник
    """
)
OWNERS = frozenset({"owner", "owners"})
PRESIDENTS = frozenset({"president", "presidente", "presidenta", "presidente-directeur", "prasident"})
PARTNERS = frozenset({"partner", "partners", "socio", "socia", "associe", "associee"})

# What may stand in front of "owner" for the owner of a business.
BUSINESS_WORDS = word_set(
    """
    business company shop store salon franchise agency restaurant studio practice firm majority minority part
    founder cofounder gym bakery cafe bar farm clinic boutique brewery gallery dealership brokerage
    hotel pharmacy garage small sole principal operator managing ceo president and contractor
    """
)
# What may stand in front of "partner" for one who owns a share of the firm.
PARTNER_KINDS = word_set(
    """
    managing founding founder general senior equity law tax audit named name cofounding assurance investment office
    co-managing
    """
)
# "HR Business Partner" and the like advise a department.
BUSINESS_PARTNERS = word_set(
    """
    hr people talent finance it financial recruitment payroll procurement commercial technology
    """
)
# What may stand in front of "president" for the president of a company.
PRESIDENT_KINDS = word_set("company global group regional division acting interim founding founder ceo owner")
# Presidents of these preside over something else.
NOT_A_COMPANY = word_set(
    """
    club association union society student students chapter board council hoa federation rotary alumni class
    fraternity sorority pta university college church parish bundesrat republic
    """
)

DIRECTOR_HEADS = word_set(
    """
    director directors directeur directrice direktor direktorin directora diretor diretora direttore direttrice
    dyrektor директор
    """
)
# Directors by trade rather than by rank.
CRAFT_DIRECTORS = word_set(
    """
    funeral film movie stage music choir worship band camp cruise tv video casting theatre theater youth
    """
)

MANAGER_HEADS = frozenset({"manager", "managers", "manger", "generalmanager"})
# Heads of a team or a department, whatever the department is.
LEADER_HEADS = word_set(
    """
    head supervisor supervisors leiter leiterin abteilungsleiter teamleiter vertriebsleiter filialleiter marktleiter
    bereichsleiter gruppenleiter verkaufsleiter personalleiter marketingleiter produktionsleiter betriebsleiter
    werkleiter werksleiter niederlassungsleiter regionalleiter entwicklungsleiter serviceleiter schichtleiter
    lagerleiter einkaufsleiter standortleiter leitung abteilungsleitung teamleitung responsable responsabile gerente
    encargado encargada kierownik generalmanager hoofd afdelingshoofd teammanager filiaalmanager storemanager
    """
)
# Words in front of "manager" that say nothing of the field.
MANAGER_STEPS = word_set("senior assistant associate deputy acting interim lead principal")
# Fields that have a head besides those with a manager.
MORE_DEPARTMENTS = word_set("business deputy interim acting digital growth research")
# Words in front of a rank that opens a title.
RANK_STEPS = word_set("senior associate assistant global regional group")
# Managers of accounts, products and the like: no team is meant.
IC_MANAGERS = word_set(
    """
    account product project projects program programs success client clients relationship relationships community
    content socialmedia event events campaign campaigns release releases partnership partnerships partner partners
    alliance alliances channel renewals renewal onboarding implementation engagement case proposal proposals bid
    bids contract contracts grant grants territory seo sem ppc brand bizdev productmarketing influencer
    leadgen
    """
)
# Managers of people: a team, a place or a function with staff.
PEOPLE_MANAGERS = word_set(
    """
    engineering sales salesdev regional marketing operations operation general store branch hr finance it plant
    production district area country team department departmental restaurant hotel warehouse procurement purchasing
    logistics accounting support service qa quality facilities facility maintenance construction site factory
    manufacturing people callcenter center centre shop retail kitchen bar shift duty floor ward clinic studio
    showroom dealership depot terminal laboratory lab design analytics infrastructure supplychain payroll talent
    recruitment recruiting legal compliance audit tax treasury controlling commercial technical technology division
    divisional group unit housekeeping claims collections administration administrative administrator export
    national salesforce personnel nurse nursing workshop supermarket cluster zonal zone state city international
    global ecommerce
    """
)

# In front of "marketing manager" and "sales manager": work of one person as often as of a team.
NARROW_FIELDS = word_set(
    """
    content email field growth performance partner lifecycle event influencer affiliate channel technical solution
    """
)

LEAD_HEADS = frozenset({"lead", "leads"})

# Work that somebody does, in the languages that titles come in.
IC_HEADS = word_set(
    """
    engineer engineers developer developers programmer coder designer designers analyst analysts accountant
    accountants consultant consultants specialist specialists recruiter recruiters sourcer coordinator coordinators
    representative representatives technician technicians nurse nurses teacher teachers lecturer tutor instructor
    trainer lawyer attorney paralegal solicitor barrister notary architect architects scientist scientists
    researcher writer copywriter journalist reporter photographer videographer illustrator animator marketer
    marketeer bookkeeper auditor buyer planner planners merchandiser estimator surveyor drafter draftsman translator
    interpreter therapist psychologist pharmacist physician doctor surgeon dentist hygienist veterinarian paramedic
    electrician plumber mechanic welder machinist carpenter painter driver operator operators cashier bartender
    waiter waitress barista cook baker salesperson salesman saleswoman seller tester strategist strategists
    underwriter realtor adjuster clerk receptionist typist dispatcher inspector inspectors generalist administrator
    administrators scrummaster agilecoach stylist hairdresser beautician counselor counsellor librarian biologist
    chemist physicist economist statistician actuary mathematician geologist nutritionist dietitian midwife
    caregiver optometrist phlebotomist sonographer radiographer practitioner telemarketer telesales webmaster
    sysadmin proofreader telecaller sdr bdr adr mdr ae csm sre swe sdet hrbp pmo csr icmanager producer editor
    broker trader handyman installer janitor cleaner housekeeper caretaker guard firefighter policeman soldier
    tailor jeweler florist gardener landscaper locksmith butcher fitter roofer ingenieur ingenieure developpeur
    developpeuse comptable vendeur vendeuse charge chargee avocat avocate infirmier infirmiere juriste acheteur
    acheteuse redacteur redactrice graphiste formateur formatrice technicien technicienne conseiller conseillere
    gestionnaire professeur enseignant enseignante consultante analyste concepteur conceptrice architecte entwickler
    softwareentwickler webentwickler berater kundenberater vertriebsmitarbeiter mitarbeiter sachbearbeiter referent
    buchhalter verkaufer techniker steuerberater rechtsanwalt anwalt lehrer projektleiter projektmanager
    produktmanager softwareingenieur kaufmann kauffrau burokauffrau burokaufmann personalreferent redakteur grafiker
    mechaniker elektriker krankenschwester pflegefachkraft ingeniero ingeniera desarrollador desarrolladora
    programador programadora analista analistas consultor consultora contador contadora abogado abogada vendedor
    vendedora asesor asesora coordinador coordinadora tecnico tecnica disenador disenadora especialista profesor
    profesora enfermera enfermero medico medica comprador compradora reclutador reclutadora arquitecto arquitecta
    engenheiro engenheira desenvolvedor desenvolvedora coordenador coordenadora consultora advogado advogada
    ontwikkelaar adviseur medewerker verkoper boekhouder projectleider projectmanager docent ingegnere consulente
    sviluppatore venditore impiegato impiegata avvocato commercialista programmatore saljare utvecklare konsult
    specjalista programista
    """
)
IC_ENDINGS = (
    "entwickler",
    "ingenieur",
    "berater",
    "techniker",
    "sachbearbeiter",
    "mitarbeiter",
    "ologist",
    "mechaniker",
    "verkaufer",
)

# "X Executive", "X Officer" and "X Assistant" of these kinds work on their own account.
EXECUTIVES = word_set(
    """
    account sales marketing bizdev service leadgen recruitment hr accounts support seo servicing administrator
    administrative media socialmedia telesales development salesdev advertising procurement purchase purchasing
    logistics client success relations digital content backoffice
    """
)
OFFICERS = word_set(
    """
    hr loan compliance security police procurement purchasing communications communication marketing project program
    finance accounts administrator administrative sales credit service research policy grants probation support
    training logistics safety press welfare recruitment correctional customs enforcement fundraising information
    bizdev media socialmedia talent payroll it admissions liaison
    """
)
ASSISTANTS = word_set(
    """
    executive personal administrative administrator virtual office legal medical dental physician nursing clerical
    hr secretarial team veterinary paralegal management healthcare accounting accounts bilingual
    """
)
ASSISTANT_HEADS = word_set(
    """
    assistant assistants assistante assistent assistentin asistente ea pa secretary sekretarin sekretar secretaire
    assistente asistent asistenta asistentka asystent asystentka assistentti asistanı asistani ассистент асистент
    """
)
# Nouns in front of which "executive" and "managing" are a rank.
ARTS_AND_TRADES = frozenset({"editor", "producer", "broker", "trader", "driver"})
AGENT_EXCEPTIONS = frozenset({"change", "free", "secret", "sports"})
ADVISORS = word_set(
    """
    financial tax service wealth mortgage insurance investment travel sales client beauty legal career academic
    energy
    """
)
SALES_ASSOCIATES = frozenset({"sales", "retail", "store", "warehouse", "shop", "showroom", "leadgen", "salesdev"})

# Nouns in front of which "associate" means the lowest step of the ladder.
ASSOCIATE_ENTRY = word_set(
    """
    engineer developer consultant analyst designer recruiter scientist programmer specialist copywriter buyer
    coordinator planner underwriter strategist icmanager executive
    """
)
# Nouns in front of which "staff" is a step above senior. Elsewhere it is an ordinary employee ("Staff Accountant").
STAFF_SENIOR = frozenset({"engineer", "developer", "designer", "scientist", "researcher", "sre", "swe", "architect"})

ENTRY_HEADS = word_set(
    """
    intern interns trainee trainees apprentice apprentices student praktikant werkstudent werkstudentin
    auszubildende auszubildender azubi stagiaire alternant alternante becario becaria practicante stagiair
    tirocinante stagista estagiario estagiaria aprendiz volontar internship praktikum apprenti apprentie pasante
    """
)
ENTRY_MARKS = word_set("junior summer graduate trainee apprentice intern entrylevel")
SENIOR_MARKS = word_set("senior principal lead distinguished")

# A title with one of these says what somebody was, wants or teaches.
NOT_NOW = word_set(
    """
    former formerly ex past previous previously retired retiree emeritus aspiring future seeking looking unemployed
    wannabe candidate searching ehemaliger ehemalige ancien ancienne anciennement prospective hiring helping
    passionate enthusiast dreaming incoming voormalig voormalige tidigare tidligere były była byly byla byvaly byvala
    бывшии бывшая колишніи
    """
)
# In front of a person's rank these make the level unclear.
UNCLEAR_MARKS = word_set(
    """
    chief managing supervising head vice deputy executive venture limited assistant
    """
)
# Words after a head that turn it into a department, or its holder into somebody's audience.
AFTER_HEAD_BLOCK = word_set(
    """
    relations training services operations support team management experience success enablement recruitment
    recruiting education development community marketing program programs programme office assistant advocacy
    evangelism evangelist productivity engagement network club council group advisory practice school academy
    academics ecosystem resources board coach coaching mentor mentoring whisperer magazine podcast roundtable search
    """
)
# Working nouns in front of which "graduate" or "intern" says whom they look after.
CARERS = word_set(
    """
    recruiter coordinator specialist trainer instructor teacher tutor counselor administrator representative
    """
)
PREPOSITIONS = word_set(
    """
    to for at @ of in with from on by within reporting bei im für fur der des de du d chez en para voor van di del
    della von aux per pour da do das dos och und et y e zum zur a av an the along till om los las la les el
    """
)
