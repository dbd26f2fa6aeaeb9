"""Words that stand in a name column and name nobody: headers, test data, roles, departments, hidden profiles.

All are folded, as `text.fold` does, and without punctuation.
"""

from __future__ import annotations

from app.normalizer.text import names_in
from app.values.text import fold, word_set

# A name that consists of these words alone names nobody. Words that are common names of people are not listed.
NOBODY_WORDS = word_set(
    """
    linkedin facebook instagram member membre miembro mitglied utente usuario usuaria utilisateur lid medlem
    user username nutzer benutzer gebruiker bruker anvandare uzytkownik profile profil perfil account accounts
    first last full middle given family name names firstname lastname surname forename fullname fname lname
    vorname nachname familienname zuname nombre nombres apellido apellidos prenom nom nome cognome sobrenome apelido
    voornaam achternaam fornamn efternamn fornavn etternavn efternavn imie nazwisko jmeno prijmeni etunimi sukunimi
    keresztnev vezeteknev prenume soyad soyadi имя фамилия отчество
    contact contacts kontakt contacto contatto contato person persona personne lead leads prospect
    test tests tester testing teste prueba essai prova testuser demo dummy example sample beispiel ejemplo exemple
    placeholder fake asdf asdfasdf qwerty xxx xxxx lorem ipsum
    unknown unnamed unbekannt unbekannter inconnu inconnue desconocido desconocida desconhecido desconhecida
    sconosciuto sconosciuta onbekend onbekende ukjent ukendt okand tuntematon nieznany nieznana neznamy neznama
    ismeretlen necunoscut неизвестно неизвестный неизвестная неизвестен невідомо bilinmiyor bilinmeyen nepoznat
    anonymous anonymus anonym anonymer anonyme anonimo anonima anoniem anonimowy аноним anonim
    none null undefined notavailable nobody noname noone missing unspecified unassigned tbd tbc tba
    deleted geloschter geloschte geloscht supprime eliminado eliminada excluido cancellato verwijderd removed former
    inactive duplicate private hidden confidential redacted withheld
    the a of for and und et y e de del des du la le les do da di il to our your and or sir madam dear
    sales marketing customer customers client clients clientele service services support team teams department
    departments dept desk helpdesk office group staff billing payable receivable finance accounting accountant
    hr human resources recruiting recruitment recruiter talent acquisition hiring purchasing procurement orders order
    info information infos admin administrator administration administrateur administrador amministratore webmaster
    postmaster hostmaster reception receptionist frontdesk front enquiries enquiry inquiries inquiry general help
    hello press media legal compliance operations logistics shipping warehouse it technical tech engineering
    noreply mailbox inbox newsletter hotline manager director management executive assistant secretary owner
    business company corporate head ceo cfo coo cto president partner resident occupant current valued
    equipe equipo squadra abteilung departement departamento dipartimento afdeling avdelning dzial отдел служба
    kundenservice kundendienst kundenbetreuung vertrieb verkauf vertriebsteam buchhaltung einkauf personalabteilung
    zentrale empfang rezeption sekretariat verwaltung geschaftsleitung geschaftsfuhrung ansprechpartner poststelle
    relation comptabilite accueil ressources humaines achats secretariat ventes commercial facturation
    atencion al cliente ventas compras contabilidad contabilita recursos humanos administracion recepcion soporte
    facturacion servicio atendimento ao vendas financeiro administracao recepcao suporte compradores
    servizio clienti vendite acquisti amministrazione segreteria ufficio assistenza commerciale
    klantenservice verkoop inkoop boekhouding receptie administratie personeelszaken
    kundservice kundtjanst forsaljning inkop ekonomi vaxel kundeservice salg innkjop regnskab indkob
    asiakaspalvelu myynti biuro obsługi obslugi klienta sprzedazy sprzedaz ksiegowosc zakaznicky servis obchod
    ugyfelszolgalat продаж поддержки бухгалтерия приемная секретарь musteri hizmetleri satis muhasebe destek
    """
)

# Of those, the words that only join others, and open a family name rather than a placeholder ("De Sales").
JOINING_WORDS = word_set("a of for and und et y e de del des du la le les do da di il al ao or to")

# Whole names that name nobody, of words that people's names may hold.
NOBODY_PHRASES = frozenset(
    fold(phrase)
    for phrase in names_in(
        """
        no name | no last name | no first name | no surname | no contact | contact us | no reply | not provided |
        not given |
        not available | not applicable | not known | not specified | not disclosed | not set | not found |
        no longer here | no longer there | to be determined | to be confirmed | to be announced |
        to whom it may concern | delete me | please delete | delete | blank | blank blank | empty | empty empty |
        nan nan | na na na | guest | guest user | guest guest | gast gast | invite invite | visitor | someone |
        anybody | somebody | some one | left company | has left | has left the company | name withheld |
        name hidden | sin nombre | sans nom | sem nome | ohne name | kein name | keine angabe | keine angaben |
        nicht angegeben | nicht bekannt | non renseigne | non communique | non disponible | no disponible |
        no aplica | nao informado | nao disponivel | non disponibile | senza nome | non specificato | geen naam |
        ikke oppgitt | ei tiedossa | brak danych | нет данных | без имени | не указано | belirtilmemis | ad soyad |
        adi soyadi | ime prezime | ime i prezime | ime priimek | jana mustermann | nama lengkap |
        ho va ten | x | xx | x x | xx xx | удаленный пользователь | пользователь | тест | тест тест |
        тестовый пользователь | тест тестов | test testson | test testsson | test testowy | testi testinen |
        chief executive officer | sales person | sales rep | sales representative | medewerker | 姓名 | 名前 |
        氏名 | 姓 名 | 名字 | 姓 | 名 | 이름 | 성명 | الاسم | الاسم الكامل | שם | 測試 | 测试 | テスト |
        テスト テスト | 테스트 | 不明 | 未知 | 無名 | 匿名 | 名無し | 익명 | مجهول | ไม่ระบุ | 担当者 | ご担当者 |
        ご担当者様 | 営業部 | 総務部 | 人事部 | 経理部 | 販売部 | 销售部 | 客服 | 客服部 | 人事 | 고객센터 |
        담당자 | 영업부 | linkedinメンバー | 領英會員 | 领英会员 | linkedin会员 | 링크드인 회원 | linkedin 회원 |
        участник linkedin | член linkedin | czlonek linkedin | linkedin uyesi | linkedin用户 | linkedin 用户 |
        linkedin メンバー | клиент | сотрудник | менеджер
        """
    )
)

# How a text starts or ends that names nobody, whatever else stands in it.
NOBODY_OPENINGS = tuple(
    f"{opening} " for opening in names_in("do not | please do not | dont | no longer | to be | team | equipe | equipo")
)
NOBODY_ENDINGS = tuple(
    f" {ending}" for ending in names_in("team | teams | department | helpdesk | mustermann | musterfrau")
)

# A household: "The Smith Family", "Familie Müller".
FAMILY_OPENINGS = tuple(
    f"{opening} " for opening in names_in("familie | famille | familia | famiglia | rodzina | семья")
)

# What a single column says if it only says that nothing is known, or repeats a header.
ABSENT_WORDS = word_set(
    """
    unknown unbekannt inconnu inconnue desconocido desconocida desconhecido sconosciuto onbekend ukjent ukendt okand
    tuntematon nieznany neznamy ismeretlen necunoscut неизвестно notavailable none null undefined unspecified
    firstname lastname fullname vorname nachname familienname prenom apellido apellidos cognome sobrenome voornaam
    achternaam fornamn efternamn fornavn etternavn efternavn nazwisko prijmeni etunimi sukunimi soyadi имя фамилия
    """
)
# Those that make a whole name unusable, because they are nobody's name: "Anna Unknown".
NEVER_NAMES = ABSENT_WORDS - {"null", "none"}
ABSENT_PHRASES = frozenset(
    names_in(
        """
        first name | last name | full name | no name | no last name | no first name | no surname | not provided |
        not given | not available | not applicable | not known | not specified | sin nombre | sin apellido | sans nom |
        sem nome | kein name | keine angabe | blank | empty | name withheld
        """
    )
)
