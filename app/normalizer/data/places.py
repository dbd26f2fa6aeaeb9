"""Names of countries that the ISO list lacks, and regions and cities that decide a country."""

from __future__ import annotations

from app.normalizer.text import inverted, names_in
from app.values.text import word_set

# Name -> ISO 3166 alpha-2. Case, accents, dots and the order of words do not matter.
COUNTRY_ALIASES: dict[str, str] = inverted(
    {
        "BD": "بنغلاديش",
        "MT": "مالطا",
        "PE": "بيرو",
        "GB": """
            north ireland | uk | great britain | britain | england | scotland | wales | northern ireland |
            united kingdom of great britain | england and wales | u k | grande-bretagne | royaume-uni |
            vereinigtes konigreich | reino unido | regno unito | storbritannien | storbritannia |
            großbritannien | grossbritannien | gran bretaña | gran bretagna | grã-bretanha | groot-brittannië |
            verenigd koninkrijk | förenade kungariket | det forenede kongerige | iso-britannia |
            yhdistynyt kuningaskunta | wielka brytania | zjednoczone królestwo | velká británie |
            spojené království | veľká británia | egyesült királyság | nagy-britannia | anglia |
            marea britanie | regatul unit | velika britanija | ujedinjeno kraljevstvo | великобритания |
            соединенное королевство | великобританія | обединеното кралство | вялікабрытанія |
            ηνωμένο βασίλειο | μεγάλη βρετανία | birleşik krallık | ingiltere | المملكة المتحدة | بريطانيا |
            בריטניה | بریتانیا | イギリス | 英国 | 英國 | 영국 | vương quốc anh | inggris | inggris raya |
            ühendkuningriik | suurbritannia | apvienotā karaliste | lielbritānija | միացյալ թագավորություն |
            angleterre | inglaterra | inghilterra | engeland | escocia | écosse | schottland | gales |
            pays de galles | irlande du nord | nordirland | eng | england uk | great britain (uk)
        """,
        "US": """
            mỹ | united states of america | usa | u s | u s a | us of a | america | etats-unis |
            estados unidos | vereinigte staaten | stati uniti | verenigde staten | eeuu | ee uu | сша |
            états-unis d'amérique | estados unidos de américa | eua | estados unidos da américa |
            vereinigte staaten von amerika | stati uniti d'america | verenigde staten van amerika |
            förenta staterna | forente stater | amerikas forenede stater | yhdysvallat | stany zjednoczone |
            spojené státy | spojené státy americké | spojené štáty | egyesült államok | statele unite |
            statele unite ale americii | sjedinjene američke države | združene države | сједињене државе |
            съединени щати | соединенные штаты | соединенные штаты америки | сполучені штати | злучаныя штаты |
            ηνωμένες πολιτείες | ηπα | amerika birleşik devletleri | abd | الولايات المتحدة |
            الولايات المتحدة الأمريكية | ארצות הברית | ארה״ב | ایالات متحده | アメリカ | アメリカ合衆国 | 米国 |
            美国 | 美國 | 미국 | hoa kỳ | amerika serikat | สหรัฐอเมริกา | jungtinės valstijos |
            միացյալ նահանգներ | shba | u s of america | united states (usa) | amerika
        """,
        "NL": """
            holland | the netherlands | nederland | niederlande | pays-bas | paises bajos | nederlandene |
            țările de jos | olanda | κάτω χώρες | ολλανδία | hà lan | hollanda | hollande | holanda | holandia |
            hollandia | голландия | нидерланды | нідерланди | هولندا | הולנד | オランダ | 네덜란드 | 荷兰 |
            荷蘭 | nizozemsko | nizozemska | alankomaat | paesi bassi | países baixos | belanda | nederländerna
        """,
        "DE": """
            đức | deutschland | allemagne | alemania | germania | alemanha | duitsland | tyskland | niemcy |
            federal republic of germany | bundesrepublik deutschland | brd | deutschland (de) | ger |
            west germany | east germany | germany federal republic | saksa | németország | almanya | ألمانيا |
            ドイツ | 德国
        """,
        "AT": """
            áo | osterreich | autriche
        """,
        "CH": """
            schweiz | suisse | svizzera | suiza | zwitserland | schweiz/suisse | swiss | swiss confederation |
            confoederatio helvetica | sui
        """,
        "FR": """
            pháp | frankreich | francia | franca | frankrijk
        """,
        "ES": """
            espana | spanien | espagne | spagna | spanje
        """,
        "IT": """
            ý | italia | italien | italie
        """,
        "PT": """
            portogallo
        """,
        "BE": """
            bỉ | belgie | belgique | belgien | belgio | belgica
        """,
        "LU": """
            luxemburg
        """,
        "SE": """
            sverige | schweden | suede | suecia
        """,
        "DK": """
            الدانمرك | danmark | danemark | dinamarca
        """,
        "NO": """
            norge | noreg | norwegen | noruega
        """,
        "FI": """
            suomi | finnland | finlande
        """,
        "IS": """
            island
        """,
        "IE": """
            eire | irland | irlanda | republic of ireland | irlande | ireland (republic of) | irish republic |
            roi
        """,
        "PL": """
            polska | polen | pologne | polonia
        """,
        "CZ": """
            ceska republika | cesko | czech republic | czechia | tschechien | tchéquia | séc | ceko | เช็ก |
            čehija | česká republika | česko | tschechische republik | république tchèque | tchéquie |
            república checa | chequia | repubblica ceca | cechia | república tcheca | chéquia | tsjechië |
            tjeckien | tjekkiet | tsjekkia | tšekki | czechy | republika czeska | csehország | cehia | češka |
            чехия | чехія | чешская республика | τσεχία | çekya | çek cumhuriyeti | التشيك | צ'כיה | チェコ |
            체코 | 捷克
        """,
        "SK": """
            slovensko | slovak republic | slovakia (slovak republic) | slovenská republika | slovakei
        """,
        "HU": """
            هنغاريا | magyarorszag | ungarn | hongrie | hungria | republic of hungary
        """,
        "HR": """
            hrvatska | kroatien
        """,
        "SI": """
            slovenija
        """,
        "RS": """
            srbija
        """,
        "BA": """
            البوسنة والهرسك | bosnia | bosnia & herzegovina | bosna i hercegovina | bosnien |
            bosnien-herzegowina | bosnie | bosnia y herzegovina | bosnien och hercegovina |
            bosnien-hercegovina | bosnia ed erzegovina | bosnia hercegovina | bih | bosnia herz |
            bosnia-hercegovina
        """,
        "ME": """
            الجبل الأسود | crna gora
        """,
        "MK": """
            macedonia | republic of macedonia | fyrom | מקדוניה הצפונית | bắc macedonia | macedonia utara |
            มาซิโดเนียเหนือ | mazedonien | nordmazedonien | macédoine | macédoine du nord | macedonia del norte |
            macedonia del nord | macedônia | noord-macedonië | macedonië | makedonien | makedonija | македония |
            македонија | northern macedonia | former yugoslav republic of macedonia
        """,
        "AL": """
            shqiperia
        """,
        "RO": """
            romania | rumanien | roumanie
        """,
        "GR": """
            ellada | hellas | el | griechenland | grece | grecia | ελλαδα | hellenic republic | greece (hellas)
        """,
        "TR": """
            turkey | turkei | turquie | turquia | tyrkiet | tyrkia | turčija | турска | τουρκία | تركيا |
            ترکیه | thổ nhĩ kỳ | ตุรกี | turcija | turkije | turkki | türgi | törökország | turcia | turecko |
            турция | туреччина | トルコ | 터키 | 튀르키예 | 土耳其
        """,
        "EE": """
            eesti
        """,
        "LV": """
            latvija
        """,
        "LT": """
            ليتوانيا | lietuva
        """,
        "RU": """
            russian fed | россия | rossiya | russia | russland | российская федерация | rusia | ryssland |
            venäjä | rosja | rusko | oroszország | rusija | русија | русия | росія | расія | ρωσία | rusya |
            روسيا | רוסיה | روسیه | रूस | ロシア | 러시아 | 俄罗斯 | 俄羅斯 | รัสเซีย | venemaa | krievija |
            ռուսաստան | რუსეთი | rusi | russie | rusland | рф | rússia
        """,
        "UA": """
            украина | україна
        """,
        "BY": """
            беларусь | byelorussia | biélorussie | bielorrússia | weißrussland | weissrussland | белоруссия |
            bielorrusia | bielorussia | wit-rusland | vitryssland | hviterussland | valko-venäjä | białoruś |
            fehéroroszország
        """,
        "KZ": """
            казахстан
        """,
        "MD": """
            republic of moldova | moldavia | مولدوفا | moldawien | moldavie | moldova | moldova republic |
            молдова | молдавия | モルドバ | moldávia | mołdawia | moldavien
        """,
        "BG": """
            bulgarien | българия
        """,
        "CY": """
            кипр
        """,
        "AE": """
            uae | u a e | emirates | united arab emirates (uae) | vae | émirats arabes unis |
            emiratos árabes unidos | emirati arabi uniti | emirados árabes unidos |
            vereinigte arabische emirate | verenigde arabische emiraten | förenade arabemiraten |
            de forenede arabiske emirater | arabiemiirikunnat | zjednoczone emiraty arabskie | zea |
            spojené arabské emiráty | egyesült arab emírségek | emiratele arabe unite | оаэ |
            объединенные арабские эмираты | обʼєднані арабські емірати | ηνωμένα αραβικά εμιράτα |
            birleşik arap emirlikleri | الإمارات | الإمارات العربية المتحدة | איחוד האמירויות |
            アラブ首長国連邦 | 아랍에미리트 | 阿联酋 | 阿拉伯联合酋长国 | dubai uae
        """,
        "SA": """
            ksa | kingdom of saudi arabia | saudi | saudi-arabien | arabie saoudite | arabia saudí |
            arabia saudita | arábia saudita | saoedi-arabië | saudiarabien | saudi-arabia | arabia saudyjska |
            саудовская аравия | suudi arabistan | السعودية | المملكة العربية السعودية | ערב הסעודית |
            サウジアラビア | 沙特阿拉伯 | ksa (saudi arabia) | saudi arabia kingdom
        """,
        "IR": """
            iran | persia | islamic republic of iran
        """,
        "SY": """
            syria | сирија | συρία | سوريا | سوریه | ซีเรีย | syrien | syrie | siria | síria | syrië | syyria |
            sýrie | szíria | suriye | сирия | סוריה | シリア | 시리아 | 叙利亚 | syrian arab republic
        """,
        "PS": """
            palestine | palestinian territories | state of palestine | palestinian territory |
            palestinian territory occupied | occupied palestinian territory | palestinian authority |
            west bank | gaza | palästina | palestina | palästinensische gebiete | territoires palestiniens |
            territorios palestinos | territori palestinesi | palestijnse gebieden | палестина | فلسطين | פלסטין
        """,
        "IL": """
            israel
        """,
        "MA": """
            maroc | marruecos
        """,
        "DZ": """
            algerie
        """,
        "TN": """
            tunisie
        """,
        "EG": """
            egypte | misr
        """,
        "CI": """
            cote d'ivoire | ivory coast | elfenbeinküste | costa de marfil | costa d'avorio | costa do marfim |
            ivoorkust | elfenbenskusten | elfenbenskysten | norsunluurannikko | wybrzeże kości słoniowej |
            pobřeží slonoviny | elefántcsontpart | coasta de fildeș | кот-д'ивуар | кот-дʼівуар |
            fildişi sahili | cote d ivoire | コートジボワール | 科特迪瓦
        """,
        "CD": """
            drc | dr congo | democratic republic of congo | democratic republic of the congo | congo-kinshasa |
            kongo-kinshasa | congo kinshasa | d r congo | dr kongo | droc | rdc | rd congo | rep dem congo |
            dem rep congo | congo dr | congo drc | congo democratic republic |
            congo the democratic republic of | congo dem rep | zaire | zaïre |
            république démocratique du congo | república democrática del congo |
            repubblica democratica del congo | república democrática do congo | demokratische republik kongo |
            demokratyczna republika konga | конго киншаса | др конго | демократическая республика конго |
            kongo kinşasa | 콩고 킨샤사 | kongo kinsasa
        """,
        "CG": """
            congo-brazzaville | republic of the congo | kongo-brazzaville | congo brazzaville |
            congo (brazzaville) | kongo (brazzaville) | republic of congo | congo republic | rep of congo |
            république du congo | república del congo | republik kongo | конго браззавиль | конго бразавил |
            kongo brazavil | 콩고 브라자빌 | congo rep
        """,
        "CV": """
            cape verde | cape verde islands
        """,
        "SZ": """
            swaziland | essuatíni | свазиленд | suazilandia | swasiland | svazilend | eswatini kingdom
        """,
        "TZ": """
            tanzania
        """,
        "GM": """
            gambia
        """,
        "ST": """
            sao tome | são tomé and príncipe | sao tome & principe
        """,
        "ZA": """
            rsa | sudafrica | sudafrika | südafrika | afrique du sud | sudáfrica | áfrica do sul | zuid-afrika |
            sydafrika | sør-afrika | etelä-afrikka | republika południowej afryki | rpa | юар | южная африка |
            južna afrika | južnoafriška republika | güney afrika | جنوب أفريقيا | דרום אפריקה | 南アフリカ |
            南非 | 남아프리카 | s africa | republic of south africa | suid-afrika
        """,
        "RE": """
            reunion island | la réunion
        """,
        "KR": """
            korea | south korea | republic of korea | korea south | rok | 대한민국 | 한국 | südkorea |
            corée du sud | corea del sur | coreia do sul | corea del sud | zuid-korea | sydkorea | sør-korea |
            etelä-korea | korea południowa | jižní korea | dél-korea | coreea de sud | южная корея |
            південна корея | νότια κορέα | güney kore | كوريا الجنوبية | דרום קוריאה | کره جنوبی | 韓国 | 韩国 |
            韓國 | 남한 | јужна кореја | južna koreja | hàn quốc | korea selatan | kore e jugut | s korea
        """,
        "KP": """
            north korea | dprk | nordkorea | corée du nord | corea del norte | coreia do norte |
            corea del nord | noord-korea | nord-korea | pohjois-korea | korea północna | severní korea |
            észak-korea | coreea de nord | северная корея | північна корея | кндр | βόρεια κορέα | kuzey kore |
            كوريا الشمالية | 北朝鮮 | 朝鲜 | 북한 | северна кореја | sjeverna koreja | triều tiên |
            korea utara | n korea | korea dpr | d p r korea
        """,
        "CN": """
            pr china | p r china | p r of china | china | prc | p r c | mainland china | 中国 | 中國 |
            people's republic of china | chine
        """,
        "HK": """
            hong kong sar | hong kong sar china | hongkong | hong kong s a r | 香港 | hong kong china |
            hong-kong | гонконг | χονγκ κονγκ | هونغ كونغ | 홍콩 | hong kong (china) | hongkong sar |
            sonderverwaltungsregion hongkong | r.a.s. chinoise de hong kong | rae de hong kong (china) |
            hong kong, rae da china
        """,
        "MO": """
            macao s a r | macau s a r | macau | macao sar | macao china | macau china | macao sar china |
            makao | macau sar | макао | マカオ | 마카오 | 澳门 | 澳門 | macao (china)
        """,
        "TW": """
            republic of china (taiwan) | taiwan r o c | taiwan | taiwan roc | 台灣 | 台湾 | taiwán | тайвань |
            ταϊβάν | tayvan | تايوان | טייוואן | 대만 | đài loan | taïwan | tajwan | tchaj-wan | 臺灣 |
            taiwan (province of china) | taiwan china | chinese taipei
        """,
        "JP": """
            nippon | nihon | 日本 | japon | giappone
        """,
        "IN": """
            bharat | भारत | inde | indien | republic of india | hindustan
        """,
        "VN": """
            vietnam | viet nam | việt nam | вьетнам | socialist republic of vietnam | viet-nam
        """,
        "LA": """
            lao pdr | laos | λάος | لاوس | لائوس | ลาว | лаос | ラオス | 라오스 | 老挝
        """,
        "MM": """
            burma | birma | birmanie | birmania | birmânia | бирма
        """,
        "BN": """
            brunei | брунеј | μπρουνέι | بروناي | ブルネイ | 브루나이 | бруней | bruneja
        """,
        "TL": """
            east timor | timor-leste | osttimor | timor oriental | timor leste
        """,
        "LK": """
            ceylon | sri-lanka
        """,
        "MV": """
            maldive islands
        """,
        "PH": """
            philippine | the philippines | pilipinas
        """,
        "BR": """
            brasil | bresil | brasilien
        """,
        "MX": """
            mejico | mexique | mexiko
        """,
        "VE": """
            venezuela
        """,
        "BO": """
            bolivia
        """,
        "TT": """
            trinidad | tobago | trinidad & tobago | trinidad y tobago | trinidad e tobago | trinité-et-tobago
        """,
        "DO": """
            dominican rep | republica dominicana | dominikanische republik | république dominicaine |
            repubblica dominicana | den dominikanske republik | dominikana | república dominicana | доминикана |
            dominicaanse republiek | dominican
        """,
        "CW": """
            curacao
        """,
        "FK": """
            falkland islands | falklands | falkland islands (islas malvinas)
        """,
        "LC": """
            st lucia
        """,
        "KN": """
            st kitts and nevis | st kitts | saint kitts | st kitts & nevis
        """,
        "VC": """
            st vincent and the grenadines | st vincent | saint vincent
        """,
        "MF": """
            st martin | saint-martin | st martin (french part) | collectivity of saint martin
        """,
        "SX": """
            sint maarten | saint martin (dutch part) | st maarten | sint maarten (dutch)
        """,
        "VI": """
            us virgin islands | u s virgin islands | virgin islands of the united states | virgin islands (us) |
            usvi
        """,
        "VG": """
            british virgin islands | bvi | virgin islands (uk) | virgin islands (british) | british virgin is
        """,
        "FM": """
            micronesia | micronesia (federated states) | federated states of micronesia | fsm
        """,
        "NZ": """
            نيوزيلندا | aotearoa | new-zealand | neuseeland | nueva zelanda | nouvelle-zélande
        """,
        "VA": """
            vatican | vatican city | vatikan | vatikanstadt | vaticano | cité du vatican |
            état de la cité du vatican | ciudad del vaticano | città del vaticano | cidade do vaticano |
            vatikaani | watykan | vaticaanstad | vatikanstaten | vatikán | ватикан | ватыкан | βατικανό |
            الفاتيكان | הוותיקן | واتیکان | バチカン市国 | バチカン | 바티칸 시국 | 바티칸 | 梵蒂冈 | holy see |
            vatikāns | ciutat del vaticà | vatikana
        """,
        "TH": """
            siam
        """,
        "KH": """
            kampuchea
        """,
        "BF": """
            upper volta
        """,
        "BJ": """
            dahomey
        """,
        "ZW": """
            rhodesia
        """,
        "ET": """
            abyssinia
        """,
        "JO": """
            hashemite kingdom of jordan
        """,
        "MY": """
            federation of malaysia
        """,
        "GE": """
            ジョージア | sakartvelo
        """,
        "AU": """
            úc | commonwealth of australia | aus
        """,
        "GW": """
            guinea-bissau
        """,
        "GQ": """
            eq guinea | equatorial guinea
        """,
        "PG": """
            png
        """,
        "CF": """
            central african rep
        """,
        "SS": """
            south sudan
        """,
        "WS": """
            western samoa
        """,
        "LY": """
            libya | libyan arab jamahiriya
        """,
        "YE": """
            republic of yemen
        """,
        "KM": """
            comoras | komorerna
        """,
        "MU": """
            ile maurice
        """,
        "BQ": """
            bonaire | caribbean netherlands
        """,
        "AX": """
            aland | åland
        """,
        "SH": """
            st helena
        """,
        "PM": """
            st pierre and miquelon
        """,
        "BL": """
            st barts | st barth | saint barths | st barthelemy
        """,
        "CC": """
            cocos islands | keeling islands
        """,
        "CX": """
            christmas island
        """,
        "GP": """
            la guadeloupe
        """,
        "AG": """
            antigua
        """,
        "UM": """
            us minor outlying islands
        """,
    }
)

# Names that two countries go by in some language, or a country and a city that is better known.
NAMES_OF_SEVERAL_COUNTRIES = frozenset(
    names_in(
        """
        congo | kongo | конго | κονγκο | الكونغو | קונגו | کنگو | コンゴ | 刚果 | 剛果 | 콩고 | คองโก | कांगो |
        կոնգո | კონგო | kongas | virgin islands | roc | guiana | norfolk | granada | santa elena |
        santa helena | santa luzia
        """
    )
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
    | set(
        names_in(
            """
            salvador | guadalupe | franca | man | norfolk | granada | columbia | trinidad | santa luzia |
            santa lucia | santa elena | santa helena | san bartolome | san martin | amerika | antigua
            """
        )
    )
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
            greater london | west midlands | west yorkshire | south yorkshire | greater manchester |
            merseyside | surrey | kent | essex | hampshire | hertfordshire | berkshire | buckinghamshire |
            oxfordshire | cambridgeshire | lancashire | cheshire | east sussex | west sussex
        """,
        "DE": """
            bayern | bavaria | baden-wurttemberg | nordrhein-westfalen | north rhine-westphalia | hessen |
            hesse | niedersachsen | lower saxony | sachsen | saxony | schleswig-holstein | rheinland-pfalz |
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
            AK | CT | DC | FL | HI | IA | KS | MI | ND | NH | NJ | NM | NV | NY | OH | OK | OR | RI | TX | UT |
            VT | WI | WV | WY
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
            san francisco | los angeles | san diego | san jose | sacramento | oakland | palo alto |
            mountain view | sunnyvale | irvine | santa clara | san mateo | redwood city | santa monica |
            menlo park | long beach | pasadena | anaheim | fresno | berkeley | san francisco bay
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
            berlin | munich | munchen | hamburg | frankfurt | cologne | koln | stuttgart | dusseldorf |
            leipzig | nuremberg | frankfurt rhine-main
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
            bangalore | bengaluru | mumbai | delhi | new delhi | hyderabad | chennai | pune | kolkata |
            ahmedabad | gurgaon | gurugram | noida | jaipur
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
    charleston greenville lexington dover durham cordoba valencia alexandria santiago worcester columbus buffalo
    bristol olympia chandler mesa bangor montgomery naples athens georgia
    """
)
