"""Words around and inside personal names: titles, credentials, particles, family names that come first."""

from __future__ import annotations

from app.providers.normalizer.text import word_set

# In front of a name, folded and without dots.
HONORIFICS = word_set(
    """
    mr mrs ms miss mx dr doctor prof professor sir dame lord lady rev reverend fr sr hon honorable capt captain col
    gen lt sgt maj herr frau hr fru dhr mevr mw mme mlle mons don dona sra srta dott dottssa avv ing dipl-ing
    dipling diplkfm mag drs ir univ-prof ing shri smt sri adv eng engr er ca cpa pr priv-doz pd
    """
) - {
    "sr",
    "fr",
    "don",
    "dona",
    "ca",
    "cpa",
    "er",
    "pr",
    "pd",
    "gen",
    "mag",
    "eng",
    "sri",
    "ir",
    "hr",
    "mons",
    "mw",
}  # names too

# After a name, folded and without dots. These mean nothing else, in whatever case they stand.
CREDENTIALS = word_set(
    """
    mba mpa mph msc bsc phd dphil edd llm llb msw lcsw lmft lpc cpa cfa cfp chfc cissp cism cisa pmp pmi-acp csm
    cspo psm shrm-cp shrm-scp phr sphr gphr cphr cipd mcipd fcipd assoccipd ccie ccna itil sixsigma frm caia acca
    fcca aca fca acma cgma cima esq esquire dds dmd dvm pharmd rn bsn msn aprn fnp-bc np-c crna aia faia leed ap
    riba mrics frics ceng mice pe-civil emba dba bcom bcomm bba mfa ma-phil meng beng btech mtech mca bca mcom csp
    csm cscp cpim ceh gphr obe mbe cbe kbe qc kc acc pcc mcc prince2 togaf ccp shrm rcic gri crs abr cips mcips
    fcips ccim cpcu clu cebs cma cia crisc cpp ccnp mbbs mrcp frcs facs facp faap dnp otr lmt cmp cem cprw mcim
    chartered med mpp jd-mba
    """
) - {"med", "ap", "acc", "mice", "aca", "chartered"}  # fmt: skip

# Credentials that are also names; they count only in upper case, in a name that is not all upper case.
AMBIGUOUS_CREDENTIALS = word_set(
    """
    ma ba bs ms md do jd ed pe pt ot rd np pa dc od vp ceo cto cfo coo cmo ii ap acc aca med mice
    """
)

GENERATIONS = {
    "jr": "Jr.",
    "sr": "Sr.",
    "junior": "Junior",
    "ii": "II",
    "iii": "III",
    "iv": "IV",
    "2nd": "II",
    "3rd": "III",
}

# Kept in lower case inside a family name that had to be re-cased.
PARTICLES = word_set(
    """
    van von der den de del della dello delle dei da das do dos di du la le ten ter te zu zum zur af av bin binti ibn
    bint y e i auf 't op
    """
)

# All upper case words of two letters that are no initials.
SHORT_NAMES = word_set("ng bo jo al ed ty cy li wu xu lu yu ma ho hu ko bo su ye om")

# "Mac" is followed by a capital in these only: Mackenzie, Machado and Macy are not Mac Kenzie.
MAC_NAMES = word_set(
    """
    macdonald macdougall macleod macarthur macgregor macintyre macfarlane maclean maclaren macmillan macneil
    macpherson macallister macaulay macbeth macdonnell macgillivray macinnes macisaac maclachlan macmanus macnamara
    macqueen macrae
    """
)

# First words of a full name after which the given name comes last, folded.
VIETNAMESE_FAMILY_NAMES = word_set("nguyen tran pham huynh hoang truong ngo duong")
KOREAN_FAMILY_NAMES = word_set(
    """
    kim lee park choi jung jeong kang cho yoon jang lim han shin seo kwon hwang ahn song hong
    """
)
