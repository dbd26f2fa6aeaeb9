"""Words around and inside personal names: titles, credentials, particles, family names that come first.

All are folded and without dots, as `name_text.bare` gives them.
"""

from __future__ import annotations

from app.values.text import word_set

# In front of a name, whether a dot follows or not: these are nobody's given name.
TITLES = word_set(
    """
    mr mrs ms miss mx mister dr doctor prof professor sir dame lord lady rev revd reverend hon honorable honourable
    capt captain lt sgt sergeant cpl pvt cmdr cdr brig brigadier lieutenant colonel admiral senator congressman
    congresswoman ambassador msgr monsignor rt atty attorney engr messrs
    herr frau hr-dr fru dhr mevr mevrouw drs mag-dr maga univ-prof dipl-ing dipling dipl-kfm diplkfm dipl-bw dipl-inf
    dipl-phys dipl-chem dipl-psych dipl-vw dipl-wirt-ing priv-doz privdoz ddr dddr mmag ass-prof assprof jun-prof
    ao-univ-prof o-univ-prof em-prof apl-prof hon-prof prof-dr dr-ing dr-med drmed drphil drjur driur drrernat
    drtechn droec drvet drmeddent drhc profdr profh freifrau freiin grafin kommr hofrat minrat mdb mdl
    mme mlle mmes mgr-dr docteur maitre monsieur madame professeur
    sra srta senor senora senorita dra lic licda lcda lcdo arq dna profa prof-a exmo exma ilmo senhor
    senhora
    dott dottssa dottoressa dottor avv signor signora signorina egr gentma gentmo profssa arch-dott geom rag ing-dott
    mudr judr phdr rndr mvdr paeddr icdr pharmdr thdr thlic akad rsdr doc-dr mgr-inz
    smt shri shrimati
    datuk datin dato tansri encik puan haji hajah hajj alhaji alhaja hajji khun nai naangsao
    dhr mw-dr jhr jkvr mej ds
    univdr docent tekn-dr fil-dr leg civing siving cand stud
    doc-prof uzm arsgor ogrgor yrd av-dr
    д-р доктор профессор проф доц доцент акад академик г-н г-жа господин госпожа инж
    δρ κος κα καθ
    السيد السيدة الدكتور الدكتورة الأستاذ المهندس الشيخ
    """
)  # fmt: skip

# In front of a name, but only with a dot ("Mag. Eva Gruber") or beside another title: they are names and words too.
TITLES_WITH_DOT = word_set(
    """
    sr fr don dona ca cpa er pr pd gen mag eng sri ir hr mons mw col ing lic me adv avv mgr doc inz med univ phil rer
    nat techn jur iur oec mult habil dent vet hc h c agr pol soc theol math ing- bc kand kgl di ra rain stb wp op
    av ogr gor ars do asst assoc ven adm gov pres sen rep surg wg sqn flt maj sig sigra spett on comm cav cap com d
    exc lek n hab plk ks o s ts hj tc dipl fh tu eth emer em apl ao ass dd art sci sc psych mus stom arh ap akad-sl
    insp supt cllr cr bro br sis pastor bishop ks abp bp κ к т м ф ю э н д г ар dn dipl- rev-fr mt hra
    """
)  # fmt: skip

# Titles in front that stand for themselves without a dot too, if they are in capitals: "DI Anna Gruber".
TITLES_IN_CAPITALS = word_set("di dr pd ra wp stb ing ca cs er ir mag prof dkfm")

# Titles in front without a dot if at least two words follow: "Me Jean Dupont", "Mag Eva Gruber".
TITLES_BEFORE_TWO = word_set("me pr mag ing avv mgr adv inz gen lic bc sayın herra rouva ks")

# Words in front of two more that are a title as often as a given name: "Don Carlos García", "M. Jean Dupont".
UNSURE_TITLES = word_set("don dona sheikh shaikh sheik m")

# Abbreviated given names, which keep their dot and their place.
SHORT_GIVEN_NAMES = word_set(
    """
    md mohd mohmd muhd mhd ma wm chas jas thos geo jos jno edw robt benj saml danl alex chr th joh st abd sk kh mst
    jo fr-j ph hy ed ste art fred sam dan ben tom tim jim joe al
    """
)

# Nobility that stands between given name and particle.
NOBILITY = word_set(
    """
    freiherr freifrau freiin graf grafin furst furstin herzog herzogin ritter edler edle baron baroness baronin
    baronesse comte comtesse vicomte marquis marquise duc prinz prinzessin prins greve friherre jonkheer jhr
    """
)

# Credentials that are no family names: in capitals or with dots after a name of at least two words they are off.
SHORT_CREDENTIALS = word_set(
    """
    md ms bs jd pt ot np dc vp ceo cto cfo coo cmo acc aca ap mice jp mc kt rd rn pe cc oam am ac ao oc dl mm mp mla ca
    cs cpc gp pg pp sj osb op ofm cssr ssj sdb rmt rmn rgn lac ra mt cls asa cpm cst abd asla cem dis edd iida
    mai obe rene ceh cha meng riba tep peng ceng beng
    """
)

# After a name, in whatever case they stand: these mean nothing else.
CREDENTIALS = word_set(
    """
    mba mpa mph msc bsc phd dphil edd llm llb msw lcsw lmft lpc cpa cfa cfp chfc cissp cism cisa pmp pmi-acp csm
    cspo psm shrm-cp shrm-scp phr sphr gphr cphr cipd mcipd fcipd assoccipd ccie ccna itil sixsigma frm caia acca
    fcca fca acma cgma cima esq esquire dds dmd dvm pharmd rn bsn msn aprn fnp-bc np-c crna aia faia leed
    riba mrics frics ceng pe-civil emba dba bcom bcomm bba mfa ma-phil meng beng btech mtech mca bca mcom csp
    cscp cpim ceh gphr obe mbe cbe kbe qc kc pcc mcc prince2 togaf ccp shrm rcic gri crs abr cips mcips
    fcips ccim cpcu clu cebs cma cia crisc cpp ccnp mbbs mrcp frcs facs facp faap dnp otr lmt cmp cem cprw mcim
    mpp jd-mba
    fache mha mhsa mhrm mshrm mpas msed meded edm med-phd mdiv thm thd dmin mtheol mlis mls mis msis msit mscs mse
    mse-cs msee msme mpharm bpharm bds mds mch dnb mrcs mrcgp frcp frca frcpc frcsc frcog mrcog fracp fracs franzcp
    facc facep facog fascrs faan faia fasla fsa asa-maaa maaa fcas acas facfe cfe cams cfcs cic arm ains cphq cphrm
    cpc cpcs ccs cca rhia rhit chc chps cphims fhimss fhfma chfp csbi cmpe facmpe fache-r lfache nea-bc cenp ccrn
    cnm cns cnor cne rnc-ob agacnp-bc pmhnp-bc fnp anp dacm lac mpt dpt ocs scs atc cscs otd otr/l ccc-slp slp-ccc
    lcmhc lpcc lmhc lcpc lisw lmsw licsw bcba bcba-d bcaba nbc-hwc psyd rd ldn cdces cde rph bcps
    pmi pmi-rmp pmi-sp pgmp pfmp capm csp-sm safe spc rte popm cspm a-csm a-cspo ssm psmi psmii psm1 psm2 pspo lssbb
    lssgb cssbb cssgb lean-six-sigma cqe cqa asq cmrp cpsm cpm-ism ctl cltd cpf cssp cirm ctp fpc cpa-inactive cgfm
    cgap crma citp cvs asa-bv cva abv cff ccifp cmaa leed-ap bd+c pe pe-se peng eit gisp rla asla aicp cfm ccm-cmaa
    dbia cphc well-ap bcin mraic oaa arb mciat mcibse mcioh ciob mciob fciob mistructe fice fimeche miet fiet imeche
    cphys cchem frsc frs frse fba fraeng freng fsa-scot frsa frgs fcmi mcmi cmgr acim fcim dipm cmktr chmc
    acii fcii dip-pfs aps fpfs cii acib cbci assocrics acis fcis fcg acg tep cta att caicd maicd gaicd faicd icd-d
    idp-c ca-cpa cpa-ca cga fcpa fcma cpfa cipfa fcpfa aca icaew icas aat maat fmaat acsi mcsi cmcsi mstp
    cissp-issap cciso ccsp ccsk sscp oscp osce oscp+ gcih gsec gpen gcia gcfa giac cgeit cdpse cipp cipp/e cipp/us
    cipp-us cipp-e cipm cipt fip cysa+ security+ casp+ comptia mcse mcsa mcp mvp rhce rhcsa aws azure gcp jncie ccde
    cobit togaf9 itil4 itilv3 sphri aphr aphri chrp chrl chre sphr-ca phrca cebs-gba cplp cptd aptd gpc cfre acfre
    cae ctm dtm cmp-hc dmcp csep ses crme chba cha chia chsp e-ryt ryt rct icf acstar cpcc orscc cbap ccba ecba
    realtor epro srs sres pmn abrm cips-r crb gri-r rene mrp alhs alc ahwd lutcf fscp cltc ricp cfs clf mdrt rfc chsnc
    wmcp aams crpc cdfa aif cima-c cpwa cmfc rma cpfc afc faia-h ncarb nicet ncidq asid iida bfa mfa-cw mm dma bmus
    mmus mus-b bed bsed beed maed phdc phd-abd abd dsc drph dha dsw dnap drnp dhsc dhed dpa dma-mus jsd sjd lld litt-d
    bl jur-dr cand-jur cand-mag candmag ma-ed mac-acct macc macy-acct mprof-acct mfin mim memba mbl mib mibs mmgt
    pgdm pgdba pgdip pgcert pgce qts pgd pgp-mba bms bmm bhms bams bums mbchb bchir bvsc mrcvs bsc-hons bahons hons
    ba-hons diped dip-ed csc drsc dis dsc-tech cerge ing-paed zhaw msw-r rsw ocswssw rcc ccc-a ccap rpn lpn cna emt
    emt-p nrp nremt ccemtp fp-c
    obe-dl gbe dbe gcmg dcmg kcmg dcvo kcvo cvo lvo mvo tbe ch-om cbe-dl vrsm jp-dl dl mp mep mla msp mlc mhr mk-mp
    psc ndc dso mc-and-bar oc onz cnzm onzm mnzm ac-kc am-oam oam osm afc-raf ret retd usaf usn usmc usa-ret uscg
    mps mtp mphil mlitt mst mres mai mmath mphys mchem msci bsocsc bcl lpa
    ktm dipl-oec dipl-hdl dipl-jur ekon-mag ekonomi-mag civilekonom merkonom
    pfctm cpt nasm-cpt ace-cpt
    skom spd mpd msi mkom mkes skm skep ns-kep apt spsi stp sip mmsi ipm asean-eng
    svp evp avp cro cio ciso cpo cdo
    """
) - SHORT_CREDENTIALS  # fmt: skip

# Credentials that are family names too: besides that, no given name may stand in front of them.
AMBIGUOUS_CREDENTIALS = word_set("ma ba do ed pa od med la be sa so as aa bm bed")

# Words of credentials that are written out, and of what people do: no given names.
CREDENTIAL_WORDS = word_set(
    """
    certified chartered licensed registered professional accountant engineer engineering architect attorney lawyer
    solicitor barrister notary advocate counsel consultant consulting advisor adviser coach coaching trainer speaker
    author writer editor recruiter recruiting recruitment hiring headhunter freelance freelancer founder cofounder
    co-founder owner president director manager partner principal executive chairman chairwoman chair chief officer
    head lead leader vice senior junior-level assistant associate associates analyst specialist expert strategist
    developer designer scientist researcher lecturer professor teacher student candidate graduate alumni phd-candidate
    realtor broker agent sales marketing business technology technical software data product project program finance
    financial insurance investment investor entrepreneur intrapreneur influencer mentor nurse physician surgeon
    dentist doctor therapist psychologist psychiatrist pharmacist paramedic technician retired emeritus emerita fellow
    member level hons honours cert certificate diploma dipl degree master masters bachelor doctorate six sigma black
    green belt scrum agile pmp-certified available open work looking seeking opportunities remote global
    international inc llc ltd gmbh company group team services solutions
    berater beraterin geschaftsfuhrer geschaftsfuhrerin inhaber inhaberin rechtsanwalt rechtsanwaltin steuerberater
    steuerberaterin wirtschaftsprufer ingenieur ingenieurin arzt arztin notar trainerin leiter leiterin
    avocat avocate consultante directeur directrice gerant gerante expert-comptable ingenieure fondateur fondatrice
    abogado abogada consultor consultora director directora gerente fundador fundadora ingeniero ingeniera arquitecto
    avvocato consulente architetto ingegnere commercialista direttore advogado advogada engenheiro engenheira
    adviseur advocaat directeur-eigenaar konsult konsulent advokat
    """
)

# Jobs that are hardly ever a family name: behind two words they make it unclear where the name ends.
JOB_WORDS = word_set(
    """
    manager director engineer engineering consultant consulting recruiter recruitment hiring founder president
    developer designer specialist analyst officer executive advisor adviser strategist marketing realtor entrepreneur
    professional accountant attorney coach lawyer owner ceo
    """
)

PRONOUNS = word_set(
    """
    he him his she her hers they them their theirs ze zir zim xe xem ey em eir fae faer it its any all pronouns
    il lui elle iel ellui ellx el ella elle ello ellos ellas ele dele ela dela elu delu egli lei loro
    er ihm ihn sein sie ihr ihre dey deren hij hem zijn zij haar hen hun die diens han hans hon henne hennes hende
    hendes hun ham hin hen den hin de dem deres on jego mu ona jej jemu oni ich onu о он его ему она ее ей они их
    o onun hän
    """
)  # fmt: skip

GENERATIONS = {
    "jr": "Jr.",
    "sr": "Sr.",
    "junior": "Junior",
    "ii": "II",
    "iii": "III",
    "iv": "IV",
    "2nd": "II",
    "3rd": "III",
    "4th": "IV",
    "jun": "Jun.",
    "sen": "Sen.",
    "jnr": "Jnr.",
    "snr": "Snr.",
}

# These follow a family name too, but are one themselves behind a single given name ("Pedro Neto").
FAMILY_GENERATIONS = word_set("neto netto filho sobrinho bisneto fils hijo")
# In lower case only: the French "père" is folded.
LOWER_GENERATIONS = word_set("fils pere hijo padre aine cadet")

# Kept in lower case inside a family name that had to be re-cased.
PARTICLES = word_set(
    """
    van von vom ben der den de del della dello delle delli dei degli dal dalla dalle dallo da das di do dos du des dem
    la le las los les ten ter te zu zum zur af av bin binti binte ibn bint bt y e i auf 't 's op aan uit uijt in het vd
    ap ab ferch verch und o' dela dels d' l' dall' dell' of thoe tho van't vande vander vanden in
    oglu ogly oğlu qizi qızı kizi kızı kyzy qyzy оглы кызы
    el al ul as-salem ould uld bou ait a/l a/p s/o d/o
    """
) - {"of", "o'"}

# Particles that stay capitalised when a name was typed in capitals, unless another particle stands in front.
CAPITAL_PARTICLES = word_set(
    "le la les al el ould bou ait ben bar bat bou san santa st ste mac mc o ní ni ua ul ab ap i"
)

# Particles that open a family name; to those the parser ships.
FAMILY_PARTICLES = word_set(
    """
    el ben ten vanden ni in dalla dalle dallo des dels delli zum zur zur'
    ny nic ui uí mag 's uit in bou ould uld ait ap ab ferch verch vande vander van't
    a/l a/p s/o d/o lo li les bt dos
    """
) - {"mag", "zur'", "ny", "lo", "li"}  # fmt: skip

# Particles that are given names when they come first and another name follows.
GIVEN_PARTICLES = word_set(
    "van de al ben della di don el mac del dela den von bar abu vander san santa bat la le do du bin"
)

# All upper case words of two letters that are no initials.
SHORT_NAMES = word_set(
    "ng bo jo al ed ty cy li wu xu lu yu ma ho hu ko su ye om le ly vo vu do to ba an ai oh im no na ta st md sk mt"
)

# "Mac" is followed by a capital in these only: Mackenzie, Machado and Macy are not Mac Kenzie.
MAC_NAMES = word_set(
    """
    macdonald macdougall macleod macarthur macgregor macintyre macfarlane maclean maclaren macmillan macneil
    macpherson macallister macaulay macbeth macdonnell macgillivray macinnes macisaac maclachlan macmanus macnamara
    macqueen macrae macdermott maccarthy macdowell macneill macintosh
    """
)

# What follows the Irish "O" of a family name that is written apart: "Sean O Brien".
O_NAMES = word_set(
    """
    brien connor conner neill neil sullivan reilly donnell keefe leary shea hara malley rourke dwyer grady toole
    callaghan carroll dea doherty driscoll farrell flaherty flynn gorman halloran hare kane keeffe loughlin mahony
    meara neal regan riordan rorke donoghue donovan dowd hanlon higgins
    """
)

# Heads of an apostrophe after which a capital follows: "O'Brien", "Dell'Acqua"; "Sa'ad" is not Sa'Ad.
APOSTROPHE_HEADS = word_set("o d l m n de da dell dall dagl degl nell sant la le")

# Family names that come first more often than not, folded: Vietnamese ones.
VIETNAMESE_FAMILY_NAMES = word_set("nguyen tran pham huynh hoang truong ngo duong")

# Vietnamese family names that are names elsewhere too: they come first where Vietnamese syllables follow.
SHORT_VIETNAMESE_FAMILY_NAMES = word_set(
    """
    le vu vo dang bui do ho phan dinh ly dao mai trinh luu doan vuong cao ta ha lam thai to chau quach la phung dam
    luong thach kieu tang tong chu diep
    """
)
VIETNAMESE_SYLLABLES = word_set(
    """
    thi van minh thanh duc ngoc quang huu xuan hong thuy kim anh hoang tuan hung dung hai nam long son tung trung
    hieu phuong linh lan hoa huong mai trang thao nga ha thu tam quoc cong dinh viet khanh bao an binh cuong dat duy
    giang hanh hien khai khoa kien lam loan loc ly my nhan nhat nhi nhung oanh phat phong phuc phu quan quy quynh
    sinh tai tan thang thien thinh tho thuan tien tin toan tri truc truong tu vinh vy yen chi bich cam diem diep dong
    gia hang ho hue kieu lien luong man nghia nguyet nhu que sang tho trinh trieu uyen vi xuyen y dieu bach chinh
    doan du hao hoai kha ky
    """
)

KOREAN_FAMILY_NAMES = word_set(
    """
    kim lee park choi jung jeong kang cho yoon jang lim han shin seo kwon hwang ahn song hong yi bak pak choe chung
    kwak yoo yu moon bae baek oh im yang ryu ryoo son noh roh ha nam shim sim min ko koh hur heo woo ku koo gu cha chae
    suh sung kong pyo jin ji rhee rhie byun an jo jun
    """
)
KOREAN_SYLLABLES = word_set(
    """
    ah a bin bo bok bong bum beom byung byeong chan chang cheol chul chun da dae do dong du eon eun gi gil go gon gun
    gyeong gyu ha hae han hee heon ho hoon hun hwa hwan hye hyeok hyeon hyo hyuk hyun hyung i il im in ja jae je jeong
    ji jin jong joo joon ju jun jung kang ki kun kuk kwan kwang kyo kyong kyu kyun kyung mi min mo moon mu myung na nam
    nan nara oh ok ra rae ran ri rim rin ryeong sa san sang se seo seok seon seong seung shik shin si sik sil so sol
    song soo sook soon su suk sun sung ta tae tak u un ung won woo wook wol yang ye yeo yeon yeong yo yong yoo yoon
    yoong you young yu yul yun
    """
)

CHINESE_FAMILY_NAMES = word_set(
    """
    wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie song tang deng
    han feng cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng wei su lu lv ding ren lu yao shen zhong
    cui tan fan liao shi jin jia xia fu fang zou xiong bai meng qin qiu hou jiang yin xue yan lei long tao he gu mao
    hao gong shao wan qian dai ouyang situ mo kong kang lai qi niu ge pang tong zhuang chang
    chan wong cheung lam leung lau ng ho chow chu kwok tsang cheng tang yip tse yeung fung mak lo choi kwan chiu siu
    tam hui poon yuen pang tong hung chung ko lui kwong yau chau cheuk sit szeto auyeung
    lee lim ong goh teo koh chua sim toh yeo tay chia heng seah neo quek low foo loh chong chin chew phua gan khoo ooi
    teoh khor tiong wee soh saw yap loo liew chai voon
    hsu hsieh tsai chang wu hsiao tseng chiang chuang liao yeh su lien kuo hung chiu tu
    """
)
# Romanised Chinese syllables, by their parts: initial and final; Cantonese and Hokkien ones with them.
CHINESE_SYLLABLE = (
    r"(?:kar|(?:zh|ch|sh|ts|hs|kw|gw|sw|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:uang|iang|iong|ueng|eung|eong|ang|eng|ing|ong|ung|iao|ian|ien|uan|uen|uai|iew|iok|oon|eok|eow|uek|"
    r"ai|ei|ao|au|ou|an|en|in|un|on|ia|ie|iu|io|ua|uo|ui|ue|ve|er|oo|ee|eo|ew|oh|ah|eh|ih|ek|ok|ak|uk|ik|it|at|"
    r"ut|et|ap|ip|ee|oy|aw|oi|am|im|em|om|um|a|e|i|o|u|v))"
)

JAPANESE_FAMILY_NAMES = word_set(
    """
    sato suzuki takahashi tanaka watanabe ito yamamoto nakamura kobayashi kato yoshida yamada sasaki yamaguchi
    matsumoto inoue kimura hayashi shimizu yamazaki mori ikeda hashimoto yamashita ishikawa nakajima maeda fujita
    ogawa goto okada hasegawa murakami kondo ishii saito sakamoto endo aoki fujii nishimura fukuda ota miura fujiwara
    okamoto matsuda nakagawa nakano harada ono tamura takeuchi kaneko wada nakayama ishida ueda morita hara shibata
    sakai kudo yokoyama miyazaki miyamoto uchida takagi ando taniguchi ohno maruyama imai takada fujimoto takeda
    murata ueno sugiyama masuda sugawara hirano kojima otsuka chiba kubo matsui iwasaki sakurai kinoshita noguchi
    matsuo nomura kikuchi sano onishi sugimoto arai hamada abe ichikawa furukawa mizuno komatsu shimada koyama honda
    """
)

# Given names of devotion that go on after "María": "María del Carmen", "Maria de Fátima", "José de Jesús".
DEVOTIONAL_HEADS = word_set("maria ma mary marie ana jose juan joao joaquin joaquim m")
DEVOTIONS = word_set(
    """
    carmen pilar rosario mar fatima lourdes jesus angeles dolores guadalupe rocio sol consuelo mercedes remedios luz
    paz loreto belen milagros socorro refugio amparo lurdes graca gracas conceicao ceu gloria nieves montserrat
    asuncion concepcion angustias esperanza cristo socorros
    """
)

# Spanish family names that are no given names besides those in -ez: two in a row are one person's two family names.
SPANISH_FAMILY_NAMES = word_set(
    """
    garcia ruiz moreno alonso navarro torres ramos gil serrano blanco molina morales suarez ortega delgado castro ortiz
    rubio marin nunez iglesias medina garrido cortes castillo lozano guerrero cano cruz calvo gallego vidal leon
    herrera marquez cabrera flores campos vega diez fuentes carrasco caballero reyes nieto aguilar herrero montero
    hidalgo lorenzo ibanez ferrer mora vargas arias carmona crespo rojas soto saez velasco rivas mendoza silva acosta
    benitez contreras espinoza espinosa figueroa guzman juarez luna maldonado mejia miranda munoz padilla
    paredes pena quispe rivera robles salazar salinas sandoval solis trujillo valdez valencia vera villanueva zamora
    zuniga cardenas castaneda cervantes duran escobar estrada galvan ibarra lara macias montoya ochoa orozco palacios
    ponce quintero rangel rosales santana tapia valenzuela villa villarreal zavala
    """
)

# Every word that may belong to a family name in front of it.
ALL_PARTICLES = PARTICLES | FAMILY_PARTICLES

# Opening words of a family name before a comma, beside the particles.
FAMILY_OPENINGS = ALL_PARTICLES | word_set("o mac mc san santa saint st ste dela della lo")

# Hungarian given names that are spelled so in Hungarian alone: as the last word they show the family name in front.
HUNGARIAN_GIVEN_NAMES = word_set(
    """
    istván lászló józsef jános zoltán sándor gábor ferenc attila péter tamás györgy zsolt csaba tibor andrás miklós
    balázs mihály lajos károly krisztián gyula róbert béla dániel ádám bence máté levente gergely gergő géza kálmán
    dávid márton kristóf botond csongor szabolcs dezső ernő nándor győző mátyás barnabás gusztáv ákos áron árpád
    vilmos dénes jenő zsigmond pál elemér
    mária erzsébet katalin ilona éva anikó ágnes zsuzsanna zsuzsa margit judit ildikó tünde edit piroska enikő
    orsolya eszter réka tímea noémi nóra dóra márta irén csilla brigitta krisztina szilvia mónika gabriella boglárka
    fruzsina emese zsófia viktória ibolya gizella rozália magdolna magdaléna terézia julianna borbála ilka beáta
    sára lívia kamilla dorottya annamária jázmin krisztofer bendegúz györgyi gyöngyi adrienn szilveszter szilárd
    zsombor zalán olivér richárd bálint diána róza rózsa júlia endre marcell tivadar dániel zsolt vince
    istvan laszlo jozsef janos zoltan sandor gabor gyorgy gergo karoly krisztian szabolcs nandor gyozo matyas zsuzsanna
    erzsebet aniko ildiko tunde eniko orsolya reka csilla csongor zsofia boglarka
    """
)

HUNGARIAN_FAMILY_NAMES = word_set(
    """
    nagy kovacs toth szabo horvath varga kiss molnar nemeth farkas balogh papp lakatos takacs juhasz olah meszaros simon
    racz fekete szilagyi torok feher gal balazs kis szucs kocsis pinter fodor orsos szalai sipos magyar lukacs gulyas
    biro kiraly laszlo katona jakab balog boros bogdan varadi antal orosz somogyi hegedus fulop vass szekeres szoke
    vincze veres budai deak pal barta pasztor bakos major lengyel illes szekely soos dudas bodnar hajdu barna vegh orban
    halasz sarkozi tamas gaspar nyari kelemen csonka virag mate martons sandor peter balint fazekas kozma pataki nemes
    borbely mezei farago voros jonas fabian bognar balla szalay kun hajnal sebestyen marton szantho szanto toldi
    """
)
