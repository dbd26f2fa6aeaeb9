"""Words of company names: legal forms, and words that keep a spelling of their own."""

from __future__ import annotations

from app.providers.normalizer.text import names_in, word_set

# Legal forms at the end of a name that mean nothing else, folded and without dots.
PLAIN_FORMS = word_set(
    """
    inc incorporated llc ltd limited gmbh ggmbh mbh plc llp lllp pllc corp corporation pvt pty pte bhd sdn unlimited
    ltda lda srl sarl sasu eurl bvba vzw kgaa ohg gbr oyj aps asa sprl spzoo doo ood eood kft zrt nyrt sagl sicav
    sro pjsc ojsc zao ooo oao ооо оао зао пао tbk ehf ohf wll fzco fze fzllc dmcc saog jsc
    """
)
# Legal forms that are words or initials too: they count only in capitals ("SA", "S.A.", "SpA") behind a name that is
# not all in capitals, and never behind a single short word.
SHORT_FORMS = word_set(
    """
    ag sa se nv bv ab as oy kg spa sas sl slu lp pc pa kk ae ad ug eg ev vof cv saa sab snc scs og ou uab sia
    """
)
# Those that are no word of a language, so that they count in a name all in capitals too ("BASF SE").
SHORT_FORMS_NO_WORDS = word_set("ag se bv nv kg oy sa sas slu")
# Forms of more than one word, as the words of the end of a name.
LONG_FORMS = tuple(
    tuple(form.split())
    for form in names_in(
        """
        gmbh & co kg | gmbh & co kgaa | ag & co kg | ag & co kgaa | gmbh & co ohg | gmbh und co kg |
        ug (haftungsbeschrankt) | ug haftungsbeschrankt | mbh & co kg | se & co kgaa | sa de cv | sab de cv |
        s de rl de cv | s de rl | sapi de cv | sp z oo | sp z o o | co ltd | company limited | company ltd |
        co limited | private limited | pvt ltd | (pvt) ltd | (pty) ltd | pty ltd | pte ltd | sdn bhd | spol s r o |
        s r o | a s | d o o | co inc | co llc | (private) limited | (pvt) limited | public limited company | s a |
        s p a | s r l | b v | n v | co kg | l l c | limited liability company | a/s | s/a | & co kg
        """
    )
)
# In front of a name.
PREFIX_FORMS = frozenset({"ооо", "оао", "зао", "пао", "тов"})
# Written on to the name, in front or behind.
JOINED_FORMS = (
    *("株式会社", "有限会社", "合同会社", "合資会社", "（株）", "(株)", "㈱"),
    *("股份有限公司", "有限责任公司", "有限公司"),
    *("주식회사", "유한회사", "(주)", "㈜", "（주）"),
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
