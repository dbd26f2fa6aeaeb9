"""Family names, folded: evidence of which word of a name comes first, never a rule alone.

The most common ones of 75 countries, from the data set popular-names-by-country (CC0).
"""

from __future__ import annotations

from app.values.text import word_set

FAMILY_NAMES = word_set(
    """
    abazi abbasov abdrahmanov abdullaev abdullayev abe abuladze acosta adams adary ademovic adilovic adrei aferdita
    aguilar aguilera aguirre ahamed ahmadov ahmed ahmetov ahmetovic ahn ahonen aigner aivaliotis akter alarcon
    aleksejev alexander ali aliev alievi aliyev allen almeida alonso alvarado alvarez alves amangeldy amar
    amarasinghe amato an andersen anderson andersson ando andov andre andreassen andrejev ang angelov angelova
    antunes aoki aquino arai arakelyan araujo aravena araya arben arias arslan ashkenazi aslan attard auer avetisyan
    avila avraham ayala aydın azevedo azoulay babic bae baek baez bah bai bailey bairamov bairamovi bajram bak baker
    bakker balaz balazs balodis balog balogh bandara barbieri barbosa bardhi barisic barnes barone barry basile
    battaglia bauer baumann baumgartner bautista becker begu bekim bektashi bell bellini ben-david benali benedetti
    bengtsson benitez bennett berg berger bergmann beridze berisha bernard bernardi berndsen bertrand berzins bhak
    bianchi bianco binder bird bishwakarma biton bizjak blanco blazevic blondal bogdanov bolat bolkvadze bondar
    bondarenko bonnet borg bos bosnjak boyko bozic bozinov brahimi brankov braun bravo breathnach briem brooks
    brouwer brown brunner bruno bui bun bustamante bustos butkiene butkus butler byrne bytyqi cabrera caceres cai
    calderon calvo camacho cami camilleri campbell campos can caputo carbone cardenas cardoso cardozo carrasco
    carrillo carrizo carter caruso carvajal carvalho castaneda castelli castillo castro cattaneo cavalcante
    cavalcanti ceban cebotari celik cengic cerna cerny cervantes cetin ch'en cha chadad chai chan chand chandra
    chang chathuranga chaudhary chavez chazan chea cheam chen cheon cheong chetry cheung chey chhan chhet chhetri
    chhim chhoa chhorn chiba chim chin chiu cho choa choe choi chong choo chow chowdhury choy christensen
    christiansen chu chua chun chung ciobanu claes clark clarke coelho cohen coi cojocari collins colombo conte
    conti contreras cook cooper coppola corpuz correa correia cortes cortez costa cox cruz cunha cəfərov d'agostino
    d'amico d'angelo dabrowski dahan dahl dam damcevski danielsen david davidov davies davis davtyan dekker
    delemovic delgado delic delvina demir demirovic denis deo dervishi devi diallo dias diaz dibra diederich
    dijkstra dimitrov dimitrova din dissanayake dith dizon djurhuus dogan doherty domingo dominguez donev donoso
    doyle droplets duarte dubois dul dumitru dumont duong dupont durand dvorak dvorakova eam eaw ebner eder
    edirisinghe edri edry edwards egger eglitis egzon ek ekanayake emine endo eng eom eriksen eriksson escobar
    espinoza esposito estrada evans fabbri faber farias farina farkas farrugia fatime feher fekete ferhatovic
    fernandes fernandez fernando ferrara ferrari ferraro ferreira ferretti ferreyra ferri figueiredo figueroa
    filipov filipovic fiore fischer fisher fjeldsted flores fonseca fonseka fontana foster fournier francisco franco
    francois frasheri frei freitas friedman fuchs fuentes fujihara fujii fujita fujiwara fukuda gabai gagnon gajdos
    gal galea galeano gallagher gallardo galli gallo gamage gang gao garcia garrido garza gashi gatti gega gegaj
    gelashvili gentile georgiev georgieva gerber gevorgyan ghang ghazaryan gheorghe ghim gil gim gimenez giordano
    giorgadze girard giuliani gjika gjoni go godoy gogoladze goh golan golob golubev golubovic gomes gomez goncalves
    gonzales gonzalez goo goossens goto goundar gouw grabowski grassi grasso gray grech greco green grgic grigoryan
    gruber gu guerra guerrero guliyev gunasekara gunawardana gunawardena guo gurung gustafsson gutierrez gutu guzman
    gwak gwon ha haas hadad hadzic hagen hah hakobyan halili hall halvorsen hamalainen han hansen hansson hara
    harada harris harutyunyan hasani hasanov hasanovic hasegawa hashimoto haugen hayashi hazan he heikkila heikkinen
    heilig heinonen hendriks heng henriksen henriquez heo her herath hernandez herrera hettiarachchi hill hirano
    hjaltalin ho hoa hocevar hodzic hofer hoffmann hong horak horakova horvat horvath hossain hoti hovhannisyan
    howard hoxha hribar hristov hristova hu huaman huang huber hudak hughes hui hun hur huseynov hwang hysi højgaard
    həsənov ibanez ibarra ibraev ibragimov ibrahimovic ichikawa ieong iglesias ikeda ilic iliev ilieva ilves im imai
    inoue ionescu isaev ishida ishii ishikawa iskakov islam ismailov ismayilov ismayılov ito iu iusupov iv ivanou
    ivanov ivanova ivanovic ivanovski iwasaki jackson jacobs jacobsen jafarov jakobsson james janev jang jankauskas
    jankauskiene jankowski jansen jansons janssen janssens jansson jara jarvinen javier jayasekara jayasinghe
    jayasuriya jayawardana jayawardena jayaweera jean jee jen jenkins jensen jeon jeong jesus ji jimenez jin jo joe
    joeng joensen johannesen johannessen johansen johansson johnsen johnson jokinen jones jonsson joo jovanovic joy
    ju juarez juhasz jukic jun jung juric juu jørgensen kaczmarek kaliev kalloe kalnins kaminski kaneko kang
    kapanadze kara karapetyan karimov karjalainen karklins karlsen karlsson karpin karunaratne kask kastelic
    kastrati kato katz kaur kavaliauskas kavaliauskiene kavaliou kavcic kawano kaya kayser kazlauskas kazlauskiene
    kazlou kazlouski keller kelly kelmendi kennedy keo khachatryan khan khat khatun khay khen khiev khlot khmer khuc
    khutsishvili kieffer kikuchi kim kimura king kinnunen kinoshita kiss kitanovski klavins klein klemencic kluivert
    knezevic ko koak kobayashi koc koh kojima kola kolar kolla kollar koller koloski kondo kono kontos koo koppel
    koren korhonen korosec koroveshi kos kosir koskinen kostov kostovski kotnik koufos kovac kovacevic kovacic
    kovacik kovacs koval kovalchuk kovalenko kowalczyk kowalski koyama kozlov kozłowski krajnc kralj krasniqi
    kravchenko krawczyk kremer krier kristensen kristi kristiansen kristo kritikos krlicevic krumins kryeziu kucera
    kucerova kudo kuen kukk kumar kumara kuqi kurt kusainov kuznetsov kvaran kvaratskhelia kwak kwiatkowski kwok
    kwon kılıc la laci lagos lahtinen laine laitinen lakatos lakmal lal lam lama lambert lang lao lara larsen
    larsson lata lau laurent law le lebedev lechner leclercq ledesma lee lefebvre lefevre lehner lehtinen lehtonen
    lei leitner leiva lejeune leka leon leone leroy levi levin levy lewandowski lewis li lie liem liepins lim lima
    lin lindberg liu liyanage lombardi lombardo lomidze long longo lopes lopez lorenzo lou lourenco lovric low luka
    lukac lukic lum luna lund lungu luo luong luu ly lynch lysenko ma mac macdonald machado madrigal madsen
    madusanka maeda maes magar magi magnusson maharaj maharjan mai maier maisuradze majerus makela makinen malcah
    maldonado malka mamani mamedov mamedovi mammadov manalo manasievski mancini manukyan mao marat marchenko
    marchetti margaryan mariani maric marin marini marino markoski markov markovic markovski marku marques marquez
    marroquin martin martinelli martinez martini martino martins martirosyan maruyama mason masuda matei matic matos
    matovski matsuda matsui matsumoto mattila mayer mayr mazur mazza mccarthy mchedlishvili mean means meas medina
    mehmedovic mehmeti meier meijer mejia melnic melnyk melo mendes mendez mendis mendoza meng mercado mercier
    mertens messina meszaros meyer meyers meza micallef michel mihhailov mikeladze mikkelsen miller milosevic min
    miranda mirkovic mitchell mitrovic miura miyamoto miyasaki miyazaki mizrachi mizrahi mkrtchyan mladenovski
    mlakar mohamed mohan molina moller molnar mon montanari monteiro montes monti moon moore mora morais morales
    moreau moreira morel morelli moreno moretti morgan mori morina morita moroz morozov morris mortensen moser moshe
    muhamet mul mulder muller mun munasinghe munn munoz munteanu murakami murat murata murati muratovic murphy
    murray muy myers mytaras møller məmmədov na nagy naidu nakagawa nakajima nakamura nakano nakashima nakayama nam
    nan nanayakkara nand narayan nava navarrete navarro nelson nemcova nemec nemeth nepali neri neves ng ngo nguyen
    nham nhek nielsen niemi nieminen nikolic nikolla nikolov nikolova nikolovski nilsen nilsson nishimura no noguchi
    noh nomura norðdahl novak novakova novik novikov novotna novotny nowak nozadze nunes nunez nurgaliev o'brien
    o'byrne o'connor o'doherty o'gallagher o'kelly o'moore o'neill o'quinn o'reilly o'ryan o'sullivan oblak ochion
    ochoa ogawa oh ohana ohayon ok okada okamoto olah olivares oliveira olofsson olsen olsson om omarov omer ong ono
    oravec orellana orlando orozco ortega ortiz ospanov ota otero otsuka oyama ozdemir ozkan ozolins ozols ozturk
    pacheco padilla pae pagano pai paik pak palma palmieri palumbo pang papoutsis papp paredes parisi pariyar park
    parker parn parra patel pathirana paulauskas paulauskiene pavic pavlov pavlovic pavlovski paz pedersen peeters
    peiris pellegrini pellegrino pen pena penov peralta pereira perera peretz pereyra perez peric perkovic permeti
    perovic perry persson petek peters petersen peterson petersons petit petkov petrauskas petrauskiene petrenko
    petrevski petrosyan petrov petrova petrovic petrovski pettersen pettersson phak pham phan phi phillips phung phy
    pichler pinas pino pinto piotrowski piras pires pizarro poblete poghosyan pok pokharel pokhrel polak poli
    polishchuk ponce pop popa popescu popoff popov popovic popovski portillo potocnik poulsen powell prakash prasad
    price prieto prifti prishtina prochazka prochazkova quach quinn quiroga quispe quliyev ra racz radic radovic
    radu radulovic rahman rai raj rajapaksha ram ramadan ramirez ramos rana ranasinghe ranaweera rangel rantanen
    rasmussen rathnayaka rathnayake ratnayake rebane reddy reed reilly reis reiter reuter rey reyes rhee rhim
    ribeiro ricci richard richardson ries rim rinaldi rios riquelme ristevski riva rivas rivera rivero rizzi rizzo
    robert roberts robinson robles rocha rodrigo rodrigues rodriguez rogers roh rojas romano romeo romero ros
    rosales rosario rosas rosca rose ross rossetti rossi rotari roux roy rozman rubio rudenko ruggiero ruiz russell
    russo rusu ryan ryang ryoo ryu saar saarinen saavedra sabajo sadykov saez sah sahakyan sahin saito sakai
    sakamoto sakurai sala salas salazar salihovic salinas salminen salo salonen salvador sam samaras samarasinghe
    sampath san sanchez sanders sandoval sang sanhueza sanjeewa sanna sano santana santiago santoro santos sanz
    sargsyan saric sasaki sat sato savchenko savic savolainen say scheving schiltz schmid schmidt schmit schmitz
    schneider schroeder schulz schuster schwarz scott segal segel segura semil semjonov semyonov sen senanayake
    seneviratne seng seo seoh seong sepp sepulveda serra serrano shah shala shapira sharma shehu shen shengelia
    shevchenko shevchuk shibata shim shimada shimizu shin shkodra shkreli shong shrestha shung sieng silva silvestri
    sim simic simoes simon simonsen simsek sin sinani singh sirbu smagulov smirnov smit smith smits so soares sohn
    sok sokolov solis solovyov som son song sonn sor soria soriano sorrentino sosa soto soun sousa sow spiteri stan
    stankeviciene stankevicius stankovic steffen steiner stewart stoica stojanov stojanovic stoyanov stoyanova su
    suarez subotic suen sugahara sugawara sugiyama suh suleimenov suljic sullivan sultanov sun sung suy suzuki
    svensson svoboda svobodova szabo szilagyi szymanski sørensen ta tabatadze tahirovic taing takacs takada takagi
    takahashi takaki takata takeda taketa takeuchi tal tamang tamm tamura tan tanaka tang taniguchi tapia tat
    tavares taylor teixeira teo teoh tep terzic testa thach thai than thanasi thapa tharu thill thomas thompson
    thomsen thorarensen thorlacius thuong thy tieu ting tiong tiu tjin tkachenko tkachuk to todorov todorova
    tolentino tomic tong toro torok torres toska toskaj toth toy trac trajanoski trajanovski trajcevski trajkovski
    tran tremblay trieu trinh truong ts'ai tsay tsiklauri tsoi tsui tu tuominen turcan turk turner turunen ty uch
    uchida ueda ueno ueta uhm um ung urbonas urboniene ursu uy valdes valdez valencia valente valentini valenzuela
    valon valverde vanags vang vardanyan varela varga vargas vasiliauskas vasiliauskiene vasilyev vasquez vassiljev
    vazquez vega velasco velasquez vella venegas vera vergara vesela vesely vidal vidmar vidovic vieira villa
    villalba villalobos villanueva vincent vinogradov virtanen visser vitale vitols volkov vong vorobyov vos vujic
    vujovic vukovic vuong waage wada wagener wagner walker wallner walsh wang waqa ward watabe watanabe watson weber
    weerasinghe weiss welter white wickramasinghe wijesinghe willems williams wilson wimmer winkler wisniewski
    wojciechowski wojcik wolf wong woo wood wouters wozniak wright wu xu yadav yakovenko yamada yamaguchi yamamoto
    yamasaki yamashita yamazaki yanez yang yau yeong yeung yi yim yokoyama yoo yoon yos yosef yoshida youn young yu
    yun yıldırım yıldız yılmaz zagar zammit zamora zarins zaytsev zhang zhao zhou zhu zielinski zoeng zukauskas
    zukauskiene zukic zuniga zupan zupancic zuu đam đang đao đo đoan đorđevic đukic đuric əhmədov əliyev αιβαλιωτησ
    κοντοσ κουφοσ κρητικοσ μυταρασ παπουτσησ σαμαρασ абдрахманов абдуллаев алиев амангельды ангелов ангелова ахметов
    богданов болат бондаренко васильев виноградов волков воробьев георгиев георгиева голубев димитров димитрова
    заицев ибрагимов ибраев иванов иванова илиев илиева илић исаев искаков исмаилов кавалеу казлоу казлоускі калиев
    каримов ким ковалев козлов козловскии кузнецов кусаинов лебедев ли марат марковић милошевић морозов мурат
    николић николов николова новик новиков новік нургалиев омаров оспанов павлов павловић петров петрова петровић
    попов садыков семенов серик серикбаи серік серікбаи смагулов смирнов соколов соловьев станковић стоянов стоянова
    стојановић сулеименов султанов тодоров тодорова христов христова цои юсупов ђорђевић іваноу јовановић առաքելյան
    ավետիսյան գեւորգյան գրիգորյան դավթյան խաչատրյան կարապետյան հակոբյան հարությունյան հովհաննիսյան ղազարյան
    մանուկյան մարգարյան մարտիրոսյան մկրտչյան պետրոսյան պողոսյան սահակյան սարգսյան վարդանյան אברהם אדרי אוחיון אוחנה
    אזולאי אשכנזי ביטון גבאי גולן דהן דוד חדד חזן חן טל יוסף כהן כץ לוי לוין מזרחי מלכה משה סגל עמר פרידמן פרץ קליין
    שפירא गरङ पटल मगर महरजन शरषठ აბულაძე ალიევი ბაირამოვი ბერიძე ბოლქვაძე გელაშვილი გიორგაძე გოგოლაძე კაპანაძე
    კვარაცხელია ლომიძე მაისურაძე მამედოვი მიქელაძე მჭედლიშვილი ნოზაძე ტაბატაძე შენგელია წიკლაური ხუციშვილი កម កយ ខលត
    គច គម ឃន ឃម ចនទ ឆន ជន ជម ជយ ឈត ឈន ឈម ញក ដង ឌង ឌត ឌន ឌល តក តច ថន ទរ បក បន ពជ មយ មល យន យស រយ រស លម លវ វងស សខ សង សន
    សម សយ សរ ហង ហន ឡង អង អច អម អយ ឯក ឱក ឱម
    """
)
