"""Words and months that a head-count may be written with, in some twenty languages.

All are folded: no case, no accents.
"""

from __future__ import annotations

from enum import StrEnum

from app.normalizer.text import names_in
from app.values.text import fold


class Sign(StrEnum):
    """What a word or symbol says about the numbers beside it. One letter each, so that a text becomes a pattern."""

    SILENT = ""
    TO = "t"  # between two numbers only
    UP_TO = "u"  # between two numbers, or before one: "bis"
    FROM = "f"  # before two numbers only
    AT_LEAST = "l"
    MORE_THAN = "m"
    LESS_THAN = "s"
    OR_MORE = "p"  # after a number, or a plus sign before it
    MORE_AFTER = "q"
    LESS_AFTER = "r"
    OR_LESS = "v"
    ABOUT = "w"  # "~": before a number about, between two a range


_PHRASES: dict[Sign, str] = {
    Sign.SILENT: """
        employee | employees | empl | ppl | vollzeitaquivalente | mitarbeiter*in | mitarbeiter:in |
        mitarbeiter/in | staff | staff members | people | persons | person | fte | ftes | team members | team |
        members | workers | worker | headcount | company size | size | number of employees | no of employees |
        employed | employee count | employee range | employees range | total employees | associates |
        professionals | individuals | on linkedin | linkedin | worldwide | globally | global | in total |
        total | overall | estimated | est | approx | approximately | about | around | circa | ca | roughly |
        some | c | of | the | mitarbeiter | mitarbeitende | mitarbeitenden | mitarbeiterinnen | mitarbeitern |
        mitarbeiter*innen | mitarbeiter:innen | mitarbeiter/innen | mitarbeiter/-innen |
        mitarbeiterinnen und mitarbeiter | ma | beschaftigte | beschaftigten | angestellte | angestellten |
        personen | leute | kopfe | vollzeitstellen | vza | unternehmensgrosse | anzahl mitarbeiter |
        mitarbeiterzahl | weltweit | insgesamt | etwa | rund | ungefahr | zirka | schatzungsweise | gut |
        knapp | salarie | salaries | salarie(e)s | salarie·e·s | salarie.e.s | employe | employes |
        employe(e)s | collaborateur | collaborateurs | personne | personnes | effectif | effectifs | etp |
        environ | env | a peu pres | dans le monde | pers | taille de l'entreprise | nombre d'employes |
        nombre de salaries | d'employes | de salaries | empleado | empleados | empleados/as | trabajador |
        trabajadores | persona | personas | colaborador | colaboradores | plantilla | aprox | aproximadamente |
        cerca de | alrededor de | unos | unas | tamano de la empresa | numero de empleados | en total |
        de empleados | funcionario | funcionarios | empregado | empregados | pessoa | pessoas | trabalhadores |
        por volta de | tamanho da empresa | numero de funcionarios | no total | dipendente | dipendenti |
        addetto | addetti | impiegati | lavoratori | persone | collaboratori | approssimativamente | quasi |
        all'incirca | numero di dipendenti | organico | medewerker | medewerkers | werknemer | werknemers |
        mensen | man | ongeveer | plusminus | wereldwijd | anstalld | anstallda | medarbetare | personer |
        ungefar | cirka | omkring | runt | antal anstallda | ansat | ansatte | medarbejder | medarbejdere |
        medarbeider | medarbeidere | omtrent | antal ansatte | antall ansatte | folk | arsverk | tyontekija |
        tyontekijaa | tyontekijat | henkilo | henkiloa | henkilosto | henkilostomaara | noin | pracownik |
        pracownika | pracownikow | pracownicy | osob | osoba | osoby | zatrudnionych | około | okolo | ok |
        liczba pracownikow | zamestnanec | zamestnanci | zamestnancu | zamestnancov | lidi | asi | priblizne |
        cca | fo | alkalmazott | alkalmazottal | munkavallalo | dolgozo | kb | korulbelul | mintegy | angajat |
        angajati | de angajati | salariat | salariati | persoane | de persoane | de salariati | aproximativ |
        çalışan | çalışanı | çalışanlar | kişi | personel | yaklaşık | civarında | сотрудник | сотрудника |
        сотрудников | сотрудники | человек | чел | работник | работников | работника | персонал | около |
        примерно | порядка | штат | працiвникiв | працівник | працівників | співробітник | співробітників |
        осіб | людей | близько | приблизно | служител | служители | души | човека | zaposlenih | zaposleni |
        djelatnika | radnika | darbuotoju | darbinieki | darbinieku | tootajat | inimest | εργαζομενοι |
        εργαζομενους | εργαζομενων | υπαλληλοι | υπαλληλων | υπαλληλους | ατομα | ατομων | περιπου | 名 | 人 |
        名程度 | 人程度 | 従業員 | 従業員数 | 社員 | 社員数 | 約 | およそ | 程度 | 规模 | 员工 | 員工 | 名员工 |
        位员工 | 员工人数 | 约 | 大约 | 左右 | 명 | 인 | 직원 | 직원수 | 직원 수 | 약 | 정도 | 사원 | 사원수 |
        임직원 | nhan vien | nguoi | khoang | karyawan | orang | pegawai | sekitar | คน | พนักงาน | ประมาณ |
        موظف | موظفا | موظفين | عامل | عاملا | شخص | حوالي | تقريبا | עובדים | עובד | איש | כ | אנשים |
        कर्मचारी | लोग
    """,
    Sign.TO: """
        to | and | through | a | al | y | e | et | und | och | og | en | i | ja | ve | si | es | и | и до | та |
        και | から | 到 | 至 | 에서 | va | sampai | đến | ถึง | إلى | الى | و | עד | से
    """,
    Sign.UP_TO: """
        until | up to | bis | bis zu | hasta | fino a | ate | tot | tot en met | til | till | upp till |
        op til | opp til | opptil | jusqu'a | jusqua | do | az | pana la | до | εως | μεχρι | at most | max |
        maximal | maximum | hochstens | nicht mehr als | au plus | au maximum | como maximo | no maximo |
        al massimo | maximaal | højst | høyst | enintaan | legfeljebb | en fazla | не более | maksimum | maks |
        maksymalnie | nejvyse | toi da | maksimal
    """,
    Sign.FROM: """
        between | von | zwischen | entre | de | da | dal | tra | fra | van | tussen | mellan | mellom | mellem |
        fran | mezi | medzi | между | intre | de la | απο | μεταξυ | pomiedzy | miedzy | tu | من | بين | از
    """,
    Sign.AT_LEAST: """
        from | ab | desde | od | от | від | dari | vanaf | a partir de | ตั้งแต่ | 从 | at least | min | minimum |
        mindestens | wenigstens | au moins | al menos | por lo menos | como minimo | pelo menos | no minimo |
        almeno | minstens | minst | mindst | vahintaan | co najmniej | przynajmniej | alespon | nejmene |
        legalabb | cel putin | en az | не менее | не менше | τουλαχιστον | 至少 | 最少 | it nhat | minimal |
        paling sedikit
    """,
    Sign.MORE_THAN: """
        more than | over | above | greater than | in excess of | mehr als | über | größer als | plus de |
        plus d' | mas de | mais de | mais que | acima de | superior a | oltre | piu di | meer dan | over de |
        mer an | fler an | mere end | flere end | mer enn | flere enn | yli | enemman kuin | ponad | powyzej |
        wiecej niz | vice nez | viac ako | pres | nad | tobb mint | peste | mai mult de | mai multi de | свыше |
        более | больше | более чем | понад | більше | більш ніж | повече от | над | πανω απο | ανω των |
        περισσοτεροι απο | 超过 | 超過 | 多于 | hon | tren | lebih dari | di atas | มากกว่า | اكثر من | أكثر من |
        יותר מ | מעל | vise od | daugiau kaip
    """,
    Sign.LESS_THAN: """
        less than | fewer than | under | below | smaller than | sub | unter | weniger als | moins de |
        moins d' | menos de | inferior a | abaixo de | meno di | sotto i | minder dan | onder | onder de |
        mindre an | farre an | mindre end | faerre end | mindre enn | faerre enn | færre enn | færre end |
        alle | vahemman kuin | ponizej | mniej niz | mene nez | menej ako | pod | kevesebb mint | mai putin de |
        менее | меньше | менее чем | менше | менш ніж | под | по-малко от | κατω απο | κατω των |
        λιγοτεροι απο | 少于 | 不到 | 不足 | duoi | it hon | kurang dari | di bawah | น้อยกว่า | اقل من | أقل من |
        פחות מ | מתחת ל
    """,
    Sign.OR_MORE: """
        plus | or more | and more | and above | or above | and over | and up | or over | oder mehr | und mehr |
        und daruber | ou plus | et plus | o mas | y mas | en adelante | ou mais | e mais | o piu | e piu |
        e oltre | of meer | en meer | eller fler | eller mer | och fler | eller flere | og flere | eller mere |
        og mere | og mer | tai enemman | ja enemman | lub wiecej | i wiecej | a vice | nebo vice | a viac |
        vagy tobb | es tobb | sau mai multi | si peste | veya daha fazla | ve uzeri | ve ustu | и более |
        и больше | или более | і більше | и повече | και ανω | 以上 | 이상 | 名以上 | 人以上 | 명 이상 |
        人及以上 | 及以上 | tro len | atau lebih | ke atas | ขึ้นไป | او اكثر | أو أكثر | فأكثر | ויותר
    """,
    Sign.MORE_AFTER: """
        超 | 초과 | ustu | uzeri | 'den fazla | 'dan fazla | 'ten fazla | 'tan fazla | den fazla | dan fazla
    """,
    Sign.LESS_AFTER: """
        未満 | 미만 | 人未満 | 名未満 | 人未满 | 未满 | 'den az | 'dan az | 'ten az | 'tan az | den az | dan az
    """,
    Sign.OR_LESS: """
        or less | or fewer | and under | and below | max | maximum | oder weniger | ou moins | o menos |
        ou menos | o meno | of minder | eller farre | eller faerre | lub mniej | nebo mene | и менее | 以下 |
        이하 | 以内
    """,
}
SIGNS: dict[str, Sign] = {fold(phrase): sign for sign, text in _PHRASES.items() for phrase in names_in(text)} | {
    "over": Sign.MORE_THAN,
    "max": Sign.UP_TO,
    "maximum": Sign.UP_TO,
    "-": Sign.TO,
    "..": Sign.TO,
    "...": Sign.TO,
    "…": Sign.TO,
    "~": Sign.ABOUT,
    "≈": Sign.SILENT,
    "±": Sign.SILENT,
    ":": Sign.SILENT,
    "(": Sign.SILENT,
    ")": Sign.SILENT,
    "[": Sign.SILENT,
    "]": Sign.SILENT,
    "+": Sign.OR_MORE,
    ">=": Sign.AT_LEAST,
    "≥": Sign.AT_LEAST,
    ">": Sign.MORE_THAN,
    "<=": Sign.UP_TO,
    "≤": Sign.UP_TO,
    "<": Sign.LESS_THAN,
}

_THOUSAND = "k | к | tsd | tausend | thousand | mil | mila | mille | tys | tis | тыс | тис | tusen | bin | 千 | 천"
SCALES: dict[str, int] = (
    dict.fromkeys(map(fold, names_in(_THOUSAND)), 10**3)
    | dict.fromkeys(map(fold, names_in("万 | 萬 | 만")), 10**4)
    | {"m": 10**6}
)

SOLO: frozenset[str] = frozenset(
    fold(name)
    for name in names_in(
        """
        self-employed | self employed | selfemployed | myself only | just me | only me | solo |
        sole proprietor | sole trader | one person | freelance | freelancer | solopreneur | one-man business |
        just myself | selbständig | selbstständig | selbstständige | einzelunternehmer | einzelunternehmen |
        freiberufler | freiberuflich | nur ich | travailleur indépendant | indépendant | auto-entrepreneur |
        micro-entrepreneur | profession libérale | autónomo | autónoma | trabajador autónomo |
        trabajador por cuenta propia | por cuenta propia | autônomo | trabalhador autônomo |
        trabalhador independente | libero professionista | lavoratore autonomo | zelfstandige | zelfstandig |
        zzp | zzp'er | eenmanszaak | egenföretagare | enskild firma | selvstændig | selvstendig |
        selvstendig næringsdrivende | enkeltmandsvirksomhed | yrittäjä | toiminimi | samozatrudnienie |
        samozatrudniony | jednoosobowa działalność gospodarcza | osvč | živnostník | egyéni vállalkozó |
        persoană fizică autorizată | pfa | serbest çalışan | serbest meslek | самозанятый | самозанятость | ип |
        фрилансер | самозайнятий | фоп | αυτοαπασχολούμενος | 自営業 | 個人事業主 | フリーランス | 个体经营 |
        个体户 | 自由职业 | 自雇 | 자영업 | 프리랜서 | wiraswasta | عمل حر | עצמאי
        """
    )
)

_MONTHS: dict[str, str] = {
    "1": """
        jan | january | januar | jän | jänner | janv | janvier | ene | enero | janeiro | gen | gennaio | gener |
        januari | tammi | tammikuu | sty | styczeń | led | leden | január | ian | ianuarie | oca | ocak | янв |
        январь | січ | siječanj | sij | jaan | jaanuar | saus | sausis | ιαν | ιανουάριος | яну | januára |
        janvāris | ledna | sausio | siječnja | stycznia | tammikuuta | ιανουαρίου | січень | січня | января |
        януари | јан | јануар | ינואר | يناير
    """,
    "2": """
        feb | february | februar | febr | févr | février | febrero | fev | fevereiro | febbraio | februari |
        helmi | helmikuu | lut | luty | úno | únor | február | februarie | şub | şubat | фев | февр | февраль |
        лют | velj | veebr | vas | vasaris | φεβ | pebruari | febrer | februára | februāris | helmikuuta |
        lutego | vasario | veebruar | veljača | veljače | února | φεβρουάριος | φεβρουαρίου | лютий | лютого |
        феб | фебруар | февраля | февруари | פברואר | فبراير
    """,
    "3": """
        mar | march | märz | mrz | mär | mars | marzo | março | mrt | maart | marts | maalis | maaliskuu |
        marzec | bře | březen | márc | március | mart | martie | мар | март | бер | ožu | märts | kov | kovas |
        μαρ | maret | března | kovo | maaliskuuta | mac | marca | marec | ožujak | ožujka | μάρτιος | μαρτίου |
        березень | березня | марта | מרץ | مارس
    """,
    "4": """
        apr | april | avr | avril | abr | abril | aprile | huhti | huhtikuu | kwi | kwiecień | dub | duben |
        ápr | április | aprilie | nis | nisan | апр | апрель | кві | квіт | tra | απρ | bal | aprill | apríla |
        balandis | balandžio | dubna | huhtikuuta | kwietnia | travanj | travnja | απρίλιος | απριλίου |
        апреля | април | квітень | квітня | אפריל | أبريل
    """,
    "5": """
        may | mai | mayo | maio | mag | maggio | mei | maj | touko | toukokuu | kvě | květen | máj | május |
        mayıs | май | тра | svi | μαϊ | μάι | geg | maijs | gegužė | gegužės | května | maig | maja | svibanj |
        svibnja | toukokuuta | μάιος | μαΐου | мая | мај | трав | травень | травня | מאי | مايو
    """,
    "6": """
        jun | june | juni | juin | junio | junho | giu | giugno | kesä | kesäkuu | cze | czerwiec | čvn |
        červen | jún | június | iun | iunie | haz | haziran | июн | июнь | чер | lip | ιουν | birž | juuni |
        birželio | birželis | czerwca | junij | juny | júna | jūnijs | kesäkuuta | lipanj | lipnja | června |
        ιουνίου | ιούνιος | июня | черв | червень | червня | юни | јун | יוני | يونيو
    """,
    "7": """
        jul | july | juli | juil | juillet | julio | julho | lug | luglio | heinä | heinäkuu | lip | lipiec |
        čvc | červenec | júl | július | iul | iulie | tem | temmuz | июл | июль | лип | srp | ιουλ | liep |
        juuli | heinäkuuta | julai | julij | juliol | júla | jūlijs | liepa | liepos | lipca | srpanj | srpnja |
        července | ιουλίου | ιούλιος | июля | липень | липня | юли | јул | יולי | يوليو
    """,
    "8": """
        aug | august | août | aout | ago | agosto | augustus | augusti | elo | elokuu | sie | sierpień | srp |
        srpen | augusztus | ağu | ağustos | авг | август | сер | kol | αυγ | rugp | agu | agustus | agost |
        augusta | augusts | avg | avgust | elokuuta | kolovoz | kolovoza | ogo | ogos | rugpjūtis | rugpjūčio |
        sierpnia | srpna | αυγούστου | αύγουστος | августа | серп | серпень | серпня | אוגוסט | أغسطس
    """,
    "9": """
        sep | sept | september | septembre | septiembre | set | setembro | settembre | syys | syyskuu | wrz |
        wrzesień | zář | září | szept | szeptember | septembrie | eyl | eylül | сен | сент | сентябрь | вер |
        ruj | σεπ | rugs | rugsėjis | rugsėjo | rujan | rujna | septembar | septembra | septembris | setembre |
        syyskuuta | września | σεπτέμβριος | σεπτεμβρίου | вересень | вересня | сентября | сеп | септембар |
        септември | ספטמבר | سبتمبر
    """,
    "10": """
        oct | october | okt | oktober | octobre | octubre | out | outubro | ott | ottobre | loka | lokakuu |
        paź | październik | říj | říjen | október | octombrie | eki | ekim | окт | октябрь | жов | lis | οκτ |
        spal | oktobar | listopad | listopada | lokakuuta | oktobris | oktoober | októbra | października |
        spalio | spalis | října | οκτωβρίου | οκτώβριος | жовт | жовтень | жовтня | октобар | октомври |
        октября | אוקטובר | أكتوبر
    """,
    "11": """
        nov | november | novembre | noviembre | novembro | marras | marraskuu | lis | listopad | noiembrie |
        noi | kas | kasım | ноя | нояб | ноябрь | лис | stu | νοε | νοέ | lapkr | ное | lapkritis | lapkričio |
        listopada | listopadu | marraskuuta | novembar | novembra | novembris | studeni | studenoga |
        νοέμβριος | νοεμβρίου | лист | листопад | листопада | нов | новембар | ноември | ноября | נובמבר |
        نوفمبر
    """,
    "12": """
        dec | december | dez | dezember | déc | décembre | dic | diciembre | dezembro | dicembre | joulu |
        joulukuu | gru | grudzień | pro | prosinec | decembrie | ara | aralık | дек | декабрь | гру | pros |
        δεκ | gruod | des | desember | dets | decembar | decembra | decembris | desembre | detsember | dis |
        disember | grudnia | gruodis | gruodžio | joulukuuta | prosinac | prosinca | prosince | δεκέμβριος |
        δεκεμβρίου | груд | грудень | грудня | декабря | декември | дец | децембар | דצמבר | ديسمبر
    """,
}


def _months() -> dict[str, frozenset[int]]:
    """Return each name with the months that it means; "lis" is October in Croatian and November in Polish."""
    months: dict[str, frozenset[int]] = {}
    for number, names in _MONTHS.items():
        for name in names_in(names):
            months[fold(name)] = months.get(fold(name), frozenset()) | {int(number)}
    return months


MONTHS = _months()
