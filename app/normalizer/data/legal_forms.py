"""Legal forms of companies, from the code list of ISO 20275 and registers' guides.

A full stop or a space inside a form marks where it may be split: "s.p.a" is met by "SpA", "S.p.A." and "S. p. A.",
but "inc" not by "in c". "&" is also met by "+", "and" and "und". Spellings are folded when they are compared.
"""

from __future__ import annotations

from typing import Final

from app.normalizer.text import names_in
from app.values.text import word_set

# Forms that mean nothing else: they count behind a name in any case.
PLAIN_FORMS: Final = names_in(
    """
    inc | incorporated | l.l.c | ltd | limited | p.l.c | l.l.p | l.l.l.p | p.l.l.c | corp | corporation | p.b.c |
    pty | pvt | pte | pty ltd | pty limited | proprietary limited | proprietary ltd | pvt ltd | pvt limited |
    private limited | private ltd | p ltd | p limited | pte ltd | pte limited | opc private limited | opc pvt ltd |
    opc pvt limited | smc private limited | smc pvt ltd | soc ltd | rf pty ltd | rf ltd | rf proprietary limited |
    company limited | company ltd | co ltd | co limited | co inc | co llc | corporation limited | corporation pty
    ltd | public limited company | public company limited | public company ltd | public co ltd | unlimited company |
    public unlimited company | designated activity company | company limited by guarantee | limited liability
    company | limited liability co | limited liability partnership | limited partnership | joint stock company |
    joint stock co | share company | public benefit corporation | professional corporation | community interest
    company | teoranta | cyfyngedig | cyf | c.l.g | u.l.c | ltee | limitee | incorporee | inc ltee | in liquidation
    | inc in liquidation | ltd in liquidation | limited in liquidation | pty ltd in liquidation | ltd in
    administration | limited in administration | limited company | no liability | l.3.c | e.w.i.v | e.e.i.g |
    g.e.i.e |

    g.m.b.h | ges.m.b.h | gg.m.b.h | m.b.h | gesellschaft mit beschrankter haftung | gemeinnutzige gmbh |
    aktiengesellschaft | kommanditgesellschaft | offene handelsgesellschaft | kg.a.a | o.h.g | g.b.r | ges.b.r |
    part.g | part.g mbb | part mbb | partnerschaft mbb | partnerschaftsgesellschaft |
    partnerschaftsgesellschaft mbb | v.v.a.g | ug haftungsbeschrankt | unternehmergesellschaft |
    unternehmergesellschaft haftungsbeschrankt | e.kfm | e.kfr | e.kffr | eingetragener kaufmann |
    eingetragene kauffrau | eingetragener verein | eingetragene genossenschaft | verein auf gegenseitigkeit |
    versicherungsverein auf gegenseitigkeit | gmbh & co kg | gmbh & co kgaa | gmbh & co ohg | gmbh & co |
    gmbh & cie kg | ges.m.b.h & co kg | mbh & co kg | mbh & co kgaa | mbh & co ohg | ag & co kg | ag & co kgaa |
    ag & co ohg | ag & cie kg | se & co kg | se & co kgaa | se & co ohg | kgaa & co kg | ug & co kg |
    ug haftungsbeschrankt & co kg | stiftung & co kg | stiftung & co kgaa | ltd & co kg | limited & co kg |
    sarl & co kg | & co kg | co kg | & co ohg | co ohg | & co kgaa | gmbh i.l | ag i.l | ug i.l | kg i.l | gmbh i.g |
    gmbh in liquidation | ag in liquidation | gmbh in liq | ag in liq | gmbh & co kg i.l |

    s.a.r.l | sarl s | s.a.s.u | e.u.r.l | s.e.l.a.r.l | s.e.l.a.s | s.u.a.r.l | s.a.r.l a.u | sarl et cie |
    sarl et cie sca | sarl et cie secs | a.s.b.l | a.i.s.b.l | societe anonyme | societe a responsabilite limitee |
    societe par actions simplifiee | scop sa | scop sarl | s.p.r.l | b.v.b.a | e.b.v.b.a | c.v.b.a | c.v.o.a |
    v.z.w | i.v.z.w | comm v | comm va | sa nv | nv sa | nv van publiek recht | naamloze vennootschap |
    besloten vennootschap | vennootschap onder firma | v.b.a | a.v.v |

    s.r.l | s.r.l.s | srl semplificata | srl unipersonale | srl a socio unico | spa a socio unico | spa unipersonale
    | s.c.a.r.l | s.c.r.l | s.c.p.a | s.a.g.l | soc coop | soc coop a.r.l | societa cooperativa | societa per azioni
    | societa a responsabilita limitata | soc coop sociale | srl societa benefit | spa societa benefit | srl sb |
    srl sta | srl in liquidazione | spa in liquidazione | s.l.u | s.l.l | s.l.n.e | s.a.u | s.coop | s.c.c.l |
    sociedad limitada | sociedad anonima | sociedad limitada unipersonal | sociedad anonima unipersonal | sociedad
    anonima de capital variable | sociedad por acciones | sociedad por acciones simplificada | sociedad anonima
    cerrada | sl en liquidacion | sa en liquidacion | ltda en liquidacion | sas en liquidacion | l.d.a | limitada |
    unipessoal lda | unip lda | unipessoal limitada | sociedade unipessoal lda | s.g.p.s sa | s.g.p.s | ltda | ltda
    me | ltda epp | e.i.r.e.l.i | eireli me | eireli epp | sociedade limitada | sociedade anonima | sa em
    recuperacao judicial | ltda em recuperacao judicial | s.a de c.v | s.a.b de c.v | s.a.p.i de c.v | s.a.p.i |
    s.a.p.i.b de c.v | s.de r.l de c.v | s.de r.l | s.de r.l mi | s.a.s de c.v | s.p.r de r.l | s.p.r de r.l de c.v
    | s.c de r.l | s.c de r.l de c.v | s.en c | s.en c de c.v | s.en c por a | sa de cv sofom e.n.r | sa de cv sofom
    e.r | sapi de cv sofom e.n.r | sapi de cv sofom e.r | sab de cv sofom e.n.r | s.a.i.c | s.a.c.i | s.a.c.i.f |
    s.a.i.c.f | s.r.ltda | e.i.r.l | cia ltda | compania limitada | sa e.s.p | sas e.s.p | sa b.i.c | sas b.i.c | c
    por a |

    sp.z o.o | sp.z.o.o | spolka z o.o | spółka z o.o | sp zoo | sp.z o.o sp.k | sp.z o.o sp.j | sp.z o.o s.k.a |
    spółka z o.o sp.k | spółka z o.o s.k.a | sp.z o.o spółka komandytowa | spółka z o.o spółka komandytowa | spółka
    akcyjna | spółka jawna | spółka komandytowa | spółka cywilna | spółka partnerska | spółka komandytowo akcyjna |
    prosta spółka akcyjna | spółka z ograniczoną odpowiedzialnością | spółka z ograniczoną odpowiedzialnością sp.k |
    spółka z ograniczoną odpowiedzialnością spółka komandytowa | spolka akcyjna | spolka jawna | spolka komandytowa
    | spolka z ograniczona odpowiedzialnoscia | sp.k | sp.j | s.r.o | spol s.r.o | společnost s ručením omezeným |
    spoločnosť s ručením obmedzeným | akciová společnost | akciová spoločnosť | akc spol | v.o.s | kom spol |
    veřejná obchodní společnost | komanditní společnost | o.p.s | s.r.o v likvidaci | a.s v likvidaci | k.f.t |
    z.r.t | ny.r.t | k.k.t | k.h.t | nonprofit kft | korlátolt felelősségű társaság | betéti társaság |
    részvénytársaság | zártkörűen működő részvénytársaság | nyilvánosan működő részvénytársaság | j.d.o.o | doo u
    likvidaciji | doo u stecaju | doo v likvidaciji | sp zoo w likwidacji | sa w likwidacji | sro v likvidacii | as
    v likvidacii | d.o.o.e.l | e.o.o.d | o.o.d | e.a.d | sh.p.k | доо | д.о.о | дооел | д.о.о.е.л | е.о.о.д | о.о.д
    | е.а.д | ltd şti | limited şirketi | anonim şirketi | koll şti | kom şti |

    aps | as.a | a.m.b.a | f.m.b.a | s.m.b.a | aktieselskab | anpartsselskab | interessentskab | oy.j | oy ab | oyj
    abp | abp | osakeyhtiö | julkinen osakeyhtiö | osuuskunta | as oy | ab publ | publ | aktiebolag | handelsbolag |
    kommanditbolag | ek för | ekonomisk förening | aksjeselskap | allmennaksjeselskap | e.h.f | o.h.f | s.l.f | slhf
    | osaühing | aktsiaselts | tulundusühistu | sabiedrība ar ierobežotu atbildību | akciju sabiedrība | uždaroji
    akcinė bendrovė | akcinė bendrovė | mažoji bendrija | corporation as |

    b.h.d | sdn | sdn bhd | berhad | sendirian berhad | corporation bhd | corporation berhad | tbk | persero |
    persero tbk | tbk pt | persero tbk pt | terbuka | j.s.c | p.j.s.c | c.j.s.c | o.j.s.c | s.j.s.c | k.s.c.p |
    k.s.c.c | k.s.c | k.p.s.c | w.l.l | b.s.c | b.s.c c | b.s.c closed | s.a.o.g | s.a.o.c | q.p.s.c | p.q.s.c |
    f.z.e | f.z.c.o | fz l.l.c | l.l.c f.z | fzllc | d.m.c.c | dwc l.l.c | llc opc | llc spc | sole proprietorship
    l.l.c | s.a.e | s.m.s.a | m.ch.j | m.m.c | x.x.k | kabushiki kaisha | kabushiki gaisha | kabushikigaisha |
    kabushikikaisha | yugen kaisha | godo kaisha | goshi kaisha | gomei kaisha | a.b.e.e | a.e.b.e | α.β.ε.ε |
    α.ε.β.ε | ε.π.ε | μ.ε.π.ε | ι.κ.ε | μ.ι.κ.ε | μον ι.κ.ε | μον α.ε | ανώνυμη εταιρεία |

    ooo | oao | zao | sicav | о.о.о | о.а.о | з.а.о | п.а.о | нао | тоо | тов | прат | одо | таа | осоо | мчж | ххк
    | შპს | սպը | փբը | բբը | בע"מ | בע''מ | בע״מ | בעמ | ذ.م.م | ش.م.م | ش.م.ل | ش.م.ع | ش.م.ك | ش.م.ق | ش.م.ب |
    ش.ذ.م.م | م.م.ح | ش.م.ك.ع | จำกัด (มหาชน) | จำกัด | प्राइवेट लिमिटेड
    """
)

# Forms that are words, places or initials too: spelling by the law | countries that have them. They count with a full
# stop or a slash inside, in the spelling of the law, or in any case if the company is in one of the countries.
SHORT_FORMS: Final = names_in(
    """
    AG: AT BE CH DE LI LU | SE: AT BE CZ DE DK EE ES FI FR IE LU MT NL NO PL SE SK | NV: AW BE BQ CW NL SR SX | SA:
    AR BE BF BJ BO BR CD CH CI CL CM CO CR DO DZ EC ES FR GA GN GR GT HN HT LU MA MC MD MG ML MX NE NI NO PA PE PL
    PT PY RO SN SV TD TG TN UY VE | BV: AW BE BQ CW NL SX | AB: FI LT SE | AS: CZ DK EE LV NO SK TR | AŞ: TR | nv:
    BE NL | bv: BE NL | Nv: BE NL | Bv: BE NL | Kg: DE | Uab: LT | SCE: DE ES FR IT NL | OY: FI | Oy: FI | KG: AT BE
    CH DE LI | SpA: CL DZ IT | SPA: CL DZ IT | SAS: AR CO DO EC FR IT LU UY | SL: CR ES | LP: AU CA GB HK KY NZ SG
    US | PC: CA US | PA: US | KK: JP | AE: CY GR | ΑΕ: CY GR | ΟΕ: CY GR | ΕΕ: CY GR | AD: BA BG
    ME MK RS | АД: BG MK RS | АО: RU KZ KG | АТ: UA | ПАТ: UA | ЗАТ: BY UA | ВАТ: UA | ОАО: RU BY | ООД: BG | ХК: MN
    | UG: DE | EG: AT CH DE LI | eG: AT CH DE LI | eV: AT CH DE LI | eK: DE | eU: AT | aG: DE | VOF: AW BE NL SR |
    SAB: MX | SNC: BE CH DZ FR IT MA RO | SCS: BE FR LU RO | SCA: BE FR LU RO | OG: AT | SIA: LV | UAB: LT | OÜ: EE
    | OU: EE | MTÜ: EE | Bt.: HU | Rt.: HU | HB: SE | Ky: FI | Ay: FI | ry: FI | rf: FI | hf: IS | hf.: IS
    | sf.: IS | ENK: NO | IVS: DK | FIE: EE | SAL: LB | SAC: PE | SAA: PE | SICAV: BE ES FR IT LU | ASC: AZ | QSC:
    AZ QA | DAC: IE | NPC: ZA | PCL: TH | OPC: IN PH | PLT: MY | CIC: GB | FZC: AE | DOO: BA HR ME MK RS SI
    | doo: BA HR ME MK RS SI | Ab: FI | SHA: AL XK | Teo.: IE | gAG: DE | gUG: DE | SGR: AR CL ES
    """
)

# Forms that count only with full stops or a slash inside, or in these countries.
DOTTED_FORMS: Final = names_in(
    """
    g.k: JP | y.k: JP | k.b: SE | m.b: LT | p.t: ID | d.d: BA HR SI | k.d: BA HR RS SI | o.d: BG RS | s.p: CZ SI |
    k.s: CZ SK DK | z.s: CZ | n.p: CZ | š.p: SK | z.ú: CZ | s.c: ET MX PL RO | s.k: PL | s.j: PL | sp.p: PL | s.k.a:
    PL | p.s.a: PL | d.n.o: BA HR SI | j.t.d: HR MK | i.s: DK | p.s: DK LV | o.e: GR | e.e: GR | e.p.e: GR | i.k.e:
    GR | m.i.k.e: GR | m.a.e: GR | e.v: HU | b.a: NO | d.a: NO | a.n.s: NO | s.l.p: ES | s.a.t: ES | s.c.p: ES FR MC
    | c.a: EC VE | u.a: NL | c.v: BE ID NL | c.c: ZA | s.c.i: FR LU MC | a.o: TR | t.a.o: TR | t.a.ş: TR | n.a: |
    a.c: MX | b.m: IL | e.s.p: CO | s.p.c: BH KY | s.a.p.a: IT | sh.a: AL XK | q.s.c: QA | n.l: AU | i.k.s: NO |
    l.c: US | s.a.m: MC | s.e.z.c: KY | l.d.c: KY VC | е.т: BG | k.v: HU | s.s: IT | s.a.p: ES | s.r.c: ES | e.u: AT
    CO | f.z.c: AE | k.o: | t.p: MK | o.p: SI
    """
)
# Short forms that are no word of a language, so that they count in a name all in capitals too ("BASF SE").
CLEAR_IN_CAPITALS: Final = word_set("ag se bv nv kg oy sa sas sl doo")
# Those that are none in small letters either ("siemens ag").
CLEAR_IN_SMALL_LETTERS: Final = word_set("ag bv nv kg oy doo")
# Places that a short form abbreviates, by country: "Netball SA" is South Australia's or South Africa's.
PLACES: Final = {
    "sa": word_set("AU ZA"),
    "ab": word_set("CA"),
    "sc": word_set("US"),
    "nv": word_set("US"),
    "ag": word_set("US CA AU NZ"),
}
# Words before a short form that make it part of the name: "Nail Spa", "Made in SA".
JOINING_WORDS: Final = word_set("and & of the for in by de del der y et und e to with at a my our")
SPA_WORDS: Final = word_set(
    """
    day med medi nail nails beauty wellness hotel resort massage hair pet skin health thermal salon bath body foot
    head lash bliss luxury mobile laser dental
    """
)
# Forms that end a proper name, with the words before them.
NAME_ENDINGS: Final = {"corporation": word_set("broadcasting")}
# Words that are no name by themselves.
NO_NAMES: Final = frozenset({"company", "the", "group", "co", "the company", "the group", "my company", "holding"})

# In front of a name, in these spellings.
PREFIX_FORMS: Final = names_in(
    """
    ооо | оао | зао | пао | нао | ао | тоо | тов | ооо тд | прат | пат | ат | одо | зат | осоо | фгуп | гуп | муп |
    ао нпф | общество с ограниченной ответственностью | публичное акционерное общество | акционерное общество |
    закрытое акционерное общество | открытое акционерное общество | непубличное акционерное общество | товарищество
    с ограниченной ответственностью | товариство з обмеженою відповідальністю | приватне акціонерне товариство |
    публічне акціонерне товариство | акціонерне товариство | ет | еоод | შპს | სს | ооо фирма | osaühing | oü |
    aktsiaselts | uždaroji akcinė bendrovė | sabiedrība ar ierobežotu atbildību | công ty tnhh một thành viên | công
    ty tnhh mtv | công ty tnhh | công ty cổ phần | cty tnhh | cty cp | ctcp | công ty cp | บริษัท | หจก. | หจก |
    ห้างหุ้นส่วนจำกัด | บมจ. | บจก. | บจก | aktiebolaget | kabushiki kaisha
    """
)
# In front of a name, in capitals: "PT. Foo Bar", "SARL Durand".
PREFIX_SPELLINGS: Final = word_set("PT. CV. UD. SARL EURL SASU SELARL OOO")
# In front of a name in quotes, or in these countries: 'SIA "Rimi"', "AB Ignitis" in Lithuania.
PREFIX_COUNTRIES: Final = {
    "sia": "LV", "as": "LV EE", "uab": "LT", "ab": "LT SE", "mb": "LT", "vsi": "LT", "ii": "LT", "mtu": "EE",
    "oy": "FI", "pt": "ID", "cv": "ID", "ud": "ID", "sc": "RO", "ik": "", "oao": "", "zao": "", "pao": "", "ao": "",
    "too": "", "tov": "", "llc": "", "jsc": "", "cjsc": "", "ojsc": "", "ad": "", "et": "", "чп": "", "ип": "",
    "дп": "", "пп": "", "фоп": "", "ано": "", "нко": "",
}  # fmt: skip
# In front of a name that has one of the second behind it: "S.C. Dedeman S.R.L.".
PREFIX_PAIRS: Final = {
    "sc": word_set("srl sa snc scs sca"),
    "pt": word_set("tbk persero"),
    "oy": word_set("ab"),
    "ab": word_set("publ"),
}
# Written on to the name, in front or behind; the longest first.
JOINED_FORMS: Final = tuple(
    sorted(
        word_set(
            """
            株式会社 有限会社 合同会社 合資会社 合名会社 一般社団法人 一般財団法人 公益財団法人 公益社団法人
            特定非営利活動法人 医療法人 社会福祉法人 (株) (有) (同) 股份有限公司 有限责任公司 有限責任公司
            有限公司 無限公司 无限公司 주식회사 유한회사 유한책임회사 (주) (유)
            """
        ),
        key=lambda form: (-len(form), form),
    )
)
