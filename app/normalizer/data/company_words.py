"""Words of company names: texts that name none, and words that keep a spelling of their own."""

from __future__ import annotations

from app.normalizer.text import names_in
from app.values.text import fold, word_set

# Whole texts in a company's column that name none, folded and without punctuation.
NO_COMPANIES = frozenset(
    fold(name)
    for name in names_in(
        """
        self employed | selfemployed | self employment | self | myself | me | freelance | freelancer | freelancing |
        freelance consultant | freelance writer | freelance designer | freelance developer | independent |
        independent consultant | independent contractor | independent professional | independent contractors | sole
        trader | sole proprietor | sole proprietorship | own business | own company | my own company | my own
        business | private practice | various | various companies | various clients | multiple | multiple companies
        | several | several companies | stealth | stealth mode | stealth startup | stealth mode startup | stealth
        start up | stealth mode start up | stealth company | stealth mode company | stealth ai startup | startup in
        stealth mode | startup in stealth | confidential | confidential company | company confidential |
        confidential client | undisclosed | undisclosed company | not disclosed | private | private company |
        unemployed | not employed | currently unemployed | not working | in between jobs | between jobs | between
        roles | in transition | career break | career transition | sabbatical | retired | semi retired | retirement
        | student | full time student | looking for work | looking for opportunities | looking for new opportunities
        | seeking opportunities | seeking new opportunities | open to work | open to opportunities | open to new
        opportunities | actively looking | actively seeking | actively seeking work | job seeker | jobseeker | not
        applicable | none of the above | no company | no employer | no name | nothing | not specified | not
        available | not known | not provided | unspecified | unassigned | tbc | tba | tbd | to be determined |
        company | company name | your company | my company | the company | name of company | test | test company |
        testing | test account | sample company | example company | dummy | dummy company | dummy account | asdf |
        xxx | blank | empty | missing | na | nan | null | none | n a | current company | employer | account name |
        organization | organisation | unknown company | unknown | anonymous | anonymous company | homemaker |
        housewife | stay at home mom | stay at home parent | maternity leave | parental leave | volunteer work |
        personal | home | selbstandig | selbststandig | selbstandige tatigkeit | selbststandige tatigkeit |
        freiberuflich | freiberufler | freiberuflerin | freie mitarbeit | freelancerin | arbeitslos | arbeitssuchend
        | im ruhestand | rentner | vertraulich | keine angabe | unbekannt | privat | selbststandig freiberuflich |
        independant | independante | travailleur independant | travailleuse independante | auto entrepreneur |
        autoentrepreneur | micro entrepreneur | a mon compte | en recherche d'emploi | en recherche d emploi | sans
        emploi | demandeur d'emploi | retraite | confidentiel | non renseigne | inconnu | etudiant | etudiante |
        autonomo | autonoma | trabajador autonomo | por cuenta propia | independiente | trabajo independiente |
        trabajador independiente | profesional independiente | desempleado | desempleada | en busqueda de empleo |
        jubilado | jubilada | confidencial | empresa confidencial | estudiante | desconocido | particular |
        profissional autonomo | profissional liberal | conta propria | trabalho autonomo | trabalhador independente
        | desempregado | desempregada | em busca de recolocacao | em transicao | aposentado | aposentada | libero
        professionista | libera professionista | lavoratore autonomo | disoccupato | disoccupata | pensionato |
        pensionata | riservato | in cerca di lavoro | partita iva | zelfstandig | zelfstandige | zelfstandig
        ondernemer | zzp | zzp er | zzper | werkloos | werkzoekend | gepensioneerd | vertrouwelijk | onbekend |
        egenforetagare | egen foretagare | frilans | frilansare | arbetslos | arbetssokande | pensionar |
        pensionerad | selvstendig | selvstaendig | selvstændig | arbeidssokende | arbejdssogende | yrittaja |
        itsenainen yrittaja | tyoton | samozatrudnienie | samozatrudniony | wolny strzelec | wlasna dzialalnosc |
        dzialalnosc gospodarcza | bezrobotny | bezrobotna | poufne | osvc | zivnostnik | nezamestnany | szabaduszo |
        egyeni vallalkozo | munkanelkuli | liber profesionist | serbest | serbest calisan | serbest meslek |
        calismiyor | emekli | самозанятый | самозанятая | самозанятость | фриланс | фрилансер | безработный |
        частная практика | пенсионер | неизвестно | нет | 自由职业 | 自由职业者 | 自雇 | 无 | 無 | フリーランス |
        自営業 | なし | 個人事業主 | 無職 | 프리랜서 | 자영업 | 없음 | عمل حر | עצמאי |
        other | individual | individuals | private person | privatperson | hidden | demo company | companyname | ohne
        firma | keine firma | firma | firmenname | unternehmen | freischaffend | auf arbeitssuche | entreprise | nom de
        l'entreprise | societe | profession liberale | cuenta propia | en paro | buscando empleo | empresa | nombre de
        la empresa | empresa propria | in proprio | azienda | nome azienda | eigen bedrijf | bedrijf | eget foretag |
        selvstendig næringsdrivende | enkeltmandsvirksomhed | foretag | oma yritys | elakkeella | yritys | emeryt |
        firma prywatna | własna działalność | działalność gospodarcza | nyugdijas | somer | işsiz | şirket |
        serbest çalışan | индивидуальный предприниматель | ип | в поиске работы | компания | частное лицо |
        самозайнятий | фоп | 个体户 | 无业 | 公司 | 公司名称 | 保密 | 会社名 | 개인사업자 | 회사명 | 비공개
        """
    )
)

# How a bracket opens that says something about a company, as parts of a regular expression.
REMARK_OPENINGS = names_in(
    r"""
    formerly | f/?k/?a | previously | now | acquired | merged | a part of | part of | ehemals | ehem\. | vormals
    | vorm\. | früher | jetzt | anciennement | antes | anteriormente | già | ex | voorheen | tidligere |
    tidigare | dawniej | ранее | бывш\w* | closed | dissolved | inactive | defunct | duplicate | in liquidation
    | in administration | in insolvency | yc [swfx]\d\d | nyse | nasdaq | lse | asx | tsx | otc | otcqb | otcqx
    | euronext | fwb | six
    """
)
# What joins a company's legal name to the name it trades under, likewise.
TRADING_AS = names_in(
    r"""
    dba | d/b/a | d\.b\.a\. | t/a | t/as | trading as | doing business as | operating as | handelend onder de naam |
    h\.o\.d\.n\.
    """
)

UPPER_WORDS = word_set(
    """
    ibm sap kpmg hsbc bmw ups dhl pwc ey bbc cnn nbc cbs abc usa uk us eu uae hr it ai ml bi ict nyc la ii iii iv tv
    vr ar iot api crm erp seo b2b b2c d2c nasa nato fbi axa ing abb aig amd asml adp nec ntt bp bt ge hp lg mit ucla
    nhs ymca ywca rbc td bnp bmo kfc jbs ubs dsm eon rwe zf tui jp pr rpa it/ot gps led lng hvac cnc oem pvc ltd llc
    llp jd pg
    """
)
SPELLED = {
    "saas": "SaaS", "linkedin": "LinkedIn", "youtube": "YouTube", "paypal": "PayPal", "mckinsey": "McKinsey",
    "jpmorgan": "JPMorgan",
}  # fmt: skip
SMALL_WORDS = word_set(
    """
    and of the for in on at de del la du des y und der die das et do da van von or to with by
    """
)
# Words of up to four letters that are no acronyms.
SHORT_ENGLISH = word_set(
    """
    the and for big new one red old all car art law tax pet web app sky sun sea air ice joy way eye fit fox key man
    men box oil gas inn spa bay hub lab pro top net job dog cat bus bar pub tea ltd co inc max sam ben tom jim bob
    joe ray lee mac san los las von der st mr dr mt ft
    """
)
WEB_ENDINGS = frozenset({"com", "ai", "io", "co", "net", "org", "app", "de", "uk", "tech"})
