"""Given names, folded: evidence of which word of a name comes first, never a rule alone.

The most common ones of 106 countries, from the data set popular-names-by-country (CC0), and common short forms.
"""

from __future__ import annotations

from app.values.text import word_set

GIVEN_NAMES = word_set(
    """
    aada aadhya aarav aariz aaron aarya aasha abbas abby abd abdallah abdelkader abdoulaye abdul abdulaziz abdulla
    abdullah abdullo abdulrahman abena abubakr abulfazl ada adam adama ade adebayo adel adela adele adewale adin
    aditi aditya adnan adomas adriaan adrian adriana adrians adwoa afonso agnes agnieszka agustin agustina ahmad
    ahmed ahmet aicha aiden aikaterini aimar aine aino aisha aisultan aisyah aitana aiur ajay ajda ajla akash akhil
    akiko akira akram aksel akua alan alanoud albert alberte alberto aldiyar aled alejandro aleks aleksandar
    aleksander aleksandr aleksandra aleksandre aleksei aleksey alena ales alessandra alessandro alessia alessio alex
    alexander alexandra alexandre alexandros alexandru alexei alexey alfie alfonso alfred ali alice alicia alicja
    alikhan alina aline alinur alisa alise alison aliya allen alma alparslan alteo althea alvaro alysha alzbeta ama
    amadou amahle amaia amal amalie amanda amar amara amaris amayra ambar amber ambra ambre amelia amelija amelja
    amin amina aminata amine amir amira amit ammar amol amparo amr amy an ana anahit anand anar anas anastasia
    anastasija anastasios anastasiya anatoliy anatoly anca anders anderson andras andrea andreas andreea andrei
    andrej andrew andrey andria andrias andrii andrija andriy androula andrzej andy ane aneta angel angela angeliki
    angelina angeline angelo angharad aniko anil anita anjali ankit ann anna annalisa anne anneke annemiek annie
    annika anohito ante anthony antoine anton antonella antoni antonia antonio antonis antti anuj anupam anzu ao aoi
    aoife aparna apostolos april aputsiaq aras archie arda areg areni ari aria ariana arianna arie ariel arjan arjun
    arkady arman armen armine arnaud arne aron arpi artem arthur artiom arto artur arturo artyom arun aruuke aruuzat
    arvind asa asel asemahle ashish ashley ashok ashot ashraf ashraqat asilim asiya asja asli asma asmita assia asta
    astrid asuka asya athanasios atlas atsushi attila august aurelien aurora ava avi aviana avigail avinash avraham
    awa axel aya ayaka ayala ayalah aydin ayesha aygun ayim ayla aylin ayman aymen ayoub ayra aysa ayse aysel ayumi
    ayzere azaria azariah aziz azra aþena babatunde bader badr bakary balazs bandar banele baran barb barbara
    barbare baris bart bartek bartosz bas bassam bastien batkhaаn bautista bayarmaa baаtar beatrice beatriz becky
    bela benas bence benedita bengt benicio benjamin benoit berk bernard bernd berrdo bert bertrand beshoi beth
    bethan betty beverly bharat bibek biel bilal biljana bill billy binita bintou birgitta bisera bishal bismah
    bjarne bjorn bo bob bobby bogdan bogdana boglarka boguslaw bohdan bohumil bojan bolormaa bonnie boris borje brad
    brahim bram branislav branka branko brenda brendan brett brian brigid bruce bruna bruno bryan bukola burak burcu
    caio callum camelia camila camilla camille can caoimhe carl carla carlo carlos carmen carol carolina carolyn
    carrie carsten carys catalin catalina caterina cathy catia cecile cecilia cedric cees celeste celia celine cem
    cemil cengiz cerys cesar cezar cezary chad chaim chandra charbel charles charlie charlotte chedeline cheikh
    cheryl chiara chidi chie chika chinedu chinonso chinwe chloe chris christer christian christina christine
    christoph christophe christos chuck chukwuemeka chuluun ciara ciaran cillian cindy ciprian ciro claire clara
    clark claude claudia claudio claudiu claus clemens clement cliff colin concepcion connie conor constantin
    consuelo corina corinna cormac cornelia cornelis cosimo cosmin costel courtney craig crina cristian cristiana
    cristiano cristina crystal curt czeslaw daan dafydd dag dagmar dagmara daichi daisuke daisy dalal dalia dalila
    damian damien damir damjan dan dana danel daniel daniela daniele daniels daniil danijel danna danny danylo daria
    darija dario daris dariusz darren darta darya dave davi david davide davit davud dawn dean debbie debora deborah
    debra declan deepa deepak deepika defne deirdre dejan delfina delphine demetre denis denisa denise deniz dennis
    derek dermot derya desislava devendra dezso dhia dhruv diana diane dick diego dieter dilek dimitar dimitra
    dimitrios dimitris dina dinesh diogo dion dirk divya djamel djeneba dmitri dmitriy dmitry dmytro doha doina
    dolores domenico dominik dominique dominykas don donal donatella donna dora doreen dorin doris dorota dorothy
    doug dragan dragana dragos drazen duane duarte dubravka dumitru dunja dusan dwayne dylan dyllan dzan eabha eamon
    earl ebba ebru ece ecrin ed eddie edgar edina edith edoardo edouard edson eduardo edward edyta eelco eeli eero
    eevi efrat efua egil eija eiji eileen eimear einar eino eisha eitan eithan ekaterina elaine elchin eleftherios
    elena elene eleni eleonora eli eliane elias elie elif elija elijah elin elisa elisabetta eliska eliyahu
    elizabeth elizaveta ella ellen elli ellie elly elmar elnur elodie els elsa elshan elyas elza elzbieta ema eman
    emanuel emanuela emanuele embla emeka emelia emely emi emiko emil emile emilia emiliano emilija emilio emiliya
    emils emily emine emir emma emmanouil emmanuel emre emrys engin eniko enrico enrique enzo eoin ercan erdal erdem
    eren eri eric erica erik erika erin erkan erling ernesto ernie ernst erol erwin erzsebet esa esma esperanza esra
    essam esteban esther eszter ethan etienne ettore eugen eugene eugenia eugenio eva evangelia evangelos evelina
    evelyn evens evgeni evgenia evgeniy evgeniya evgeny evie ewa ewan ewelina eylul eymen ezekiel fabian fabiana
    fabien fabio fabiola fabrice fabrizio fadi fahad fahd faisal faith fajr fanta farah faraj fares farid farida
    farrah farzana fatemeh fatih fatima fatin fatma fatou fatoumata federica federico fedor felipe felix femi
    ferdinand ferenc fergal ferhat fernanda fernando ferndo fiadh fidel figen filip filipe filippo filiz finbar
    finlay finn fiona fionnuala firat flavia flavio floor florence florentina florian florin fotini fouad fozia fran
    frances francesca francesco francis francisca francisco franciszek franck franco francois francoise frank frans
    frantisek franz fraser fred freddie frederic frederick fredrik freja freya frida frieda friedrich fritz frode
    fuma fumiko funmilayo fyodor gabija gabor gabriel gabriela gabriele gabriella gael gaelle gaetano gagik gail gal
    galina gamalat gamila gamze gareth gary gaspar gaston gaurav gayane geert geeta gene gennady geoff georg george
    georges georgeta georgi georgia georgios georgy gerald gerard gerardo gerd gerda gergely gergo gerhard gerlinde
    geronimo gerrit gethin gevorg geza ghada gheorghe giacomo gianluca gianna gianni giannis gijs gilbert gilberto
    gilles gilli gina ginevra ginger giorgi giorgia giorgio giovanna giovanni girish gisela gita giulia giulio
    giuseppe giuseppina gizella gleb gloria gogo gokhan goktug gonzalo googoosh gopal goran gordana gordon govind
    grace graciela graham grainne graziella grazyna greg gregoire grete grigory grzegorz guadalupe gudrun guenter
    guenther guido guilherme guillaume guillermo gulay guler gulsen gunay gunel gunilla gunnar gunter gunther gustav
    gustavo gustavs guy guðrun gwen gyorgy gyula habib habiba hadas hadi hadicha hakan hala halil halim halima
    halina halvor halyna hamad hamid hamish hamza hana hanan hande hani hank hanna hannah hanne hanneke hannu hans
    harald harish harm harper harraz harriet harris harry hartmut haru haruka haruki haruma harun haruna haruto
    hasan hashem hasmik hasnaa hassan hatem hatice hawa hayk heather hector heikapu heike heikki hein heiner
    heinrich heinz heitor heleen helen helena helga helge heli helma helmi helmut hemant hendrik henk henning henri
    henrik henrique henry henryk herbert herkus herman hermann hernan hessa hideki hideo hilda hilde himari hina
    hinano hinata hinato hiro hiroaki hiroki hiroko hiroshi hiroyuki hisham hitomi hjørdis hoda holger holly horia
    horst hosna hosniya hossam hossein houda hovhannes hristo hrvoje hubert hudson hugh hugo hur huseyin huseyn
    hussa hussain hussein huw hydar iain ian iancu iasmina ibai iben ibrahim ibrahima ibtissam ichiro ida idris
    ieuan ifeanyi ifeoma iga ignacio igor iker ilan ilaria ildiko ilgar ilham ilie ilija ilker ilkka ilona ilya imad
    iman imane imene iminathi imogen imre inaya inci indira ines inge ingeborg inger ingo ingrid ingvar inmaculada
    inna inuk inunnguag inutsiaq ioana ioane ioanna ioannis ion ionel ionut irati irem irena irene ireneusz irina
    iryna isaac isabel isabella isabelle isak isamu isha isidora isidro isil isla islande ismail issam istvan itai
    itsuki itzhak iulia iulian ivaana ivalu ivan ivana ivano ivaylo ivica ivik ivo ivy iwan iwona izabela izaro izz
    jaakko jaap jacek jack jackie jacob jacqueline jacques jad jade jadranka jadwiga jagdish jaime jake jakob jakov
    jakub jakup jamal james jameson jamil jan jana jane janet janice janina janine janne janneke janos janusz jari
    jarmila jarmo jaromir jaroslav jaroslaw jasmina jasna jason jasper javier jaya jean jeff jekabs jelena jelle
    jenna jennifer jenny jens jeremy jeroen jerome jeronimo jerry jerzy jesper jessica jesus jill jim jimmy jindrich
    jiri jiro jitka jiya jo joachim joan joana joanna joanne joao joaquim joaquin jochen joe joel joep joerg joey
    jogvan johan johann johanna johannes john johnny joke jokubas jokull jolanta jon jonas joost jordi jorg jorge
    jorgen jori joris jorma jos jose josef josefa josefina josefine joseph josephine josh joshua josiah josip jouni
    jouri jovan jovana joy joyce jozef jozsef juan juana juanita jude judeline judit judith judy juergen juha juhani
    jukka julen jules julia julian juliana julianna julie julien julieta juliette julija julio june junichi junior
    junko juraj jurgen jussi justyna jutta jyoti kaan kaare kabir kabita kadiatou kadir kai kaia kairo kaisa kajus
    kalin kalman kaloyan kamal kamil kamila kamile kana kaori karam kareem karel karen kari karim karima karin
    karina karine karl karlis karol karolina karoly karsten kaspar kasper katalin katarina katarzyna kate katerina
    katharina kathem katherine kathleen kathrin kathy katie katja katla katrin kavita kay kazi kazimierz kazuki
    kazuko kazuo kazuya keanu kees keiko keisuke keith kelly kemal ken kenichi kenji kenny kenta kerem kerry kerstin
    keven kevin khadija khadije khaled khalid khalil khawla khongordzol kiaan kiara kieran kimberly kimmo kinga
    kiran kirill kirollos kirsi kirsten kiwa kiyoshi kjell klaas klara klaus klea knut koa koen kofi koichi koji
    kojo konrad konstantin konstantina konstantinos konul kora kors kostas krasimir kresimir krishna kristen
    kristian kristin kristina krisztian krisztina krystyna krzysztof ksenia ksenija kseniya kubra kumar kurt kveta
    kwabena kwaku kwame kyle kyoko kyra kyriaki lachlan ladislav laia laila lajos lakshmi lalit lamia lamija lana
    lance lara larisa larry lars lasse laszlo lata latifa laura lauren laurence laurent lauri lavi lavinia layla
    lazar lea leah leandra leandro leano lech leen leena leendert leevi leif leila leja lejla lena leni lenka lenna
    leo leon leonardo leonid leonie leonor leopold leordo les lesedi leslie lesya leszek lethabo lethokuhle leticia
    lev levent levente levi lewis leyla lia liam lian lianne libor lidia lidija lieke liepa lies lile lili liliana
    lilien lilit lilja lilla lillian lillie lilly lily lina linda linnea lio lior lisa lisakhanya liv livia liviu
    liz ljiljana ljubica ljubomir llinos lloyd logan lois lone loredana lorenza lorenzo lori lorraine lothar lotte
    loubna louis louise lourdes lourenco lovelie lovely lovro lowri luana lubanzi lubomir lubos luc luca lucas lucia
    lucian luciana luciano lucie lucija lucy ludek ludmila ludovic ludovica ludvig ludwig luigi luis luisa luiz luka
    lukas lukasz luke lukne lulwa luminita luna lur lusine lutz luz lwandle lydia lyn lyna lynn lyubomir lyubov
    lyudmila maarten maartje mabel machteld maciej madalina maddi madhu madina mael maeva maeve magali magda
    magdalena magdolna maggie magnus maha mahamadou mahammad mahdi mahesh mahmoud maia maija mair mairead mairi
    maite maja majid makoto maksim maksym malachi malak malcolm malek malen malgorzata maligiaq malik malika malthe
    malu mamadou manabu manaia maneh manfred manish manoj manua manuel manuela marama marc marcel marcela marcell
    marcello marcelo marcia marcin marcio marco marcos marek maren mareva margaret margarida margarita margit margot
    mari maria mariam mariami marian mariana mariangela mariano maribel marie marieke marija marijana marijke mariko
    marilyn marina mario marion marios marisol marit marius mariusz mariya mariyana marja marjolein marjorie mark
    markas markel marketa markku marko marks markus marlene marlies marloes maros marta martha marti martijn martim
    martin martina marton marty marvin marwa marwan mary marya maryam maryja marzena masa masahiro masaki masako
    masao masaru masashi massimo matas mate matei matej mateo mateus mateusz mathias mathieu mathilde matias matija
    matilda matilde mats matt matteo matthew matthias matthieu matthildur matti mattia mattias matus matvey matyas
    maui maureen maurice mauricio maurizio mauro max maxim maxime maximilian maximiliano maya maysoun mayumi meena
    meera mees megan megumi mehar mehdi mehmet meir melanie melek melina melinda melis melisa melissa melokuhle
    mercedes meriem merja merjem mersana mert merve meryem metin mette mia michael michail michal michalis michel
    michela michele michelle michiko mick midori mieczyslaw mieke miguel mihaela mihai mihail mihaly miho mika
    mikael mikaere mikayel mike mikhail miki mikkel mikko miklos mikolaj mikołaj mila milagrosa milan milana mildred
    milena milica millie milos miloslav mina minato minik minna minoru mio miodrag mira mirac mircea mireille mirek
    mirela miriam mirjana mirko mirlande miroslav miroslaw misaki mitch mitsuru miyuki mladen moana modibo modou
    moea moeata mohamed mohammad mohammed mohan molly mona monica monika monserrat monte montserrat morag moritz
    morten moshe mounir mourad moussa muhamad muhammad muhammed muireann mukesh murad murat musa mustafa mustapha
    mwangi mykhailo mykhaylo mykola myrlande nabil nada nadezhda nadia nadine nadir nagi nagisa nahia naim naima
    najat najib nancy naoki naoko naomi naranbaatar nare narek narendra naresh narine nasser natalia natalie
    nataliia natalija natalya natasa natasha nathalie nathan nathaniel naura naveen nawal naya nazli nebojsa neeraj
    neha nehir neil nela nelio nelson nelu nemanja nenad nerys nese nesreen nevena neza ngozi nia niall niamh nick
    nicola nicolae nicolas nicole nicoleta nicolo niel niels nieves niharika nihat nik nika nikau nikhil nikita niko
    nikodem nikol nikola nikolai nikolaos nikolay nikolett nikolina nikoloz nikos nil nilay nilgun nils nina nino
    nir nirmala nisha nitin nivi niviaq njeri nkechi nneka noa noah noam nobuko nobuo noel noelia noemi noirin
    nomaan noor noortje nora norbert noriko norm norma norsaq nouf nour noura nuka nuno nur nuray nuria nurislam
    nurit nurul nutsa oana obinna octavian octavio odile odval ofentse ofer ofir oguz oihan oisha oisin okan oksana
    olaf olav ole oleg oleksandr oleksandra oleksii oleksiy olena olesya olga oliver olivia olivier oliwia olli olof
    olumide oluwaseun om omar omer omphile ona ondrej onni onur oren orhan orit orla orsolya osama osamu oscar oskar
    osman ostap otakar otavio othman otto oumar oumou ousmane outi ove ovidiu owain owen oyunbileg ozan ozge ozgur
    ozlem paavo pablo padraig paivi pal paloma pam pamela panagiota panagiotis paneeraq paninnguaq pankaj paola
    paolo par paraskevi pari pascal pasi pasquale pat patrice patricia patricija patricio patrick patrik pau paul
    paula paulo pavel pavla pavlos pawel pedro peggy pekka pelin penelope penny pentti per pernille perry petar pete
    peter peterson petr petra petre petri petru petter petya phil philipp philippe phyllis pia piero pierre piet
    pieter pietro pilar pim pinar pino piotr pipaluk pirjo piroska plamen poema pol pola polina polly pooja pradeep
    prakash pramod prasert prashant pratik praveen pravin preben predrag preeti prem princess priya priyanka
    przemyslaw puneet puteri pyotr qillaq rabia rabina rachel rachid rachida radek radim radka radmila radoslav
    radoslaw radovan radu rafael rafaela rafal raffaele ragnar rahul raija raimo rainer raisa raj raja rajeev
    rajendra rajesh rajiv rakesh ralf ralfs ralph raluca ram ramazan ramesh rami ramon ramona rana randi randy rania
    ranjit ranko raphael raquel rashad rashid rashmi rasmus rastislav ratko raul ravi ray raya rayana razvan rebecca
    recep reem reema reena refael regina rei reijo reiko reina reiner reinhard reka rekha relja remi ren renata
    renate renato rene renee renzo rethabile reuven rex reza rhian rhona rhys ria rian ricardo riccardo richard rick
    ricky rie riikka rik rika riko rim rin rina rino risto rita ritu rivka riyad roan roar rob robert roberta
    roberto roberts robin rocco rocio rod rodolfo rodrigo roel rogelio roger rogerio roghayyeh rohan rohit roisin
    roko roland rolf romain roman romano ron roni ronit ronja ronnie rory rosa rosanna rosario rose rosemary roshni
    rosie rosmery rowan roxana roxanne roy rozalia ruairi ruben ruby rudi rudolf rui rumen rune ruslan russ russell
    ruth ruud ryo ryota ryszard saad saar sabah sabine sabrina sachiko sachin saeed safija safiya saga sagar sahar
    said sakari sakeena sakineh sakura salah saleh saliha salik salim sally salma salman salome salvador salvatore
    sam sama samantha sameer sami samir samira sammy samuel samvel samy samyar sana sanaa sandeep sander sandor
    sandra sandrine sangeeta sanja sanjay sanjeev sanna sanne santiago santosh saoirse saqib sara sarah sari sarit
    sarita sasa saskia satish satoru satoshi satu sayaka scott seamus sean sebastian sebastien seda sedat seema
    segun seiji sekou selim selin selma sem semra semyon senad seppo serap serdar serge sergei sergey sergio serhii
    serhiy serife serkan sesili seth sevda sevgi sevim sevinj seydou shadi shahd shahem shahid shai shaikha shaimaa
    shalini shams shane shankar shannon sharad sharon shashi shaun shayma sheikh sheila shelley sherif sherifa
    sherry shigeru shilpa shimon shingo shinichi shinji shiori shira shirley shiv shivansh shlomo shmuel sho shohei
    shona shota shreya shristi shubham shun shweta sian sibel sid siddhartha sienna signe sigrid sigurd sile silke
    silvano silvia silvija silvio silviu simon simona simone sinan sinead sinisa siobhan sipho siphosethu sirpa sita
    siti siv sjoerd slavica slavko slavomir slawomir slobodan sneha snezana snezhana so sobia sofi sofia sofie
    sofija sofiya sofya soledad soley solja solomiya solveig soma somayyeh somboon somchai somporn somsak sonali
    sonia sonja sophia sophie sorcha soren sorin souad soufiane souleymane spyros srdjan sridhar srinivas stacy stan
    stanimir stanislav stanislaw stanisław stanley stavros stefan stefania stefanie stefano stein steinar stelian
    stelios stella sten stepan stephan stephane stephanie steve stevenson stig stijn stjepan stoyan stu stuart sture
    subhash sudha sudhir sue suha sukhbaаtar sule suleyman sultan sumayah sumit sunil sunita suresh susan susana
    susanna susanne sushil susumu suzana suzanne svein sven svend svetlana swati syed sylvain sylvia sylvie sylwia
    szabolcs szilvia szymon tadashi tadeusz tadhg taha taim taina taisia takahiro takako takashi takayuki takeshi
    takuya tal talal tamar tamara tamas tamatoa tamer taner tania tanja tapani tapuarii tara tarana taras tarek
    tareq tariq tarita tarja taro tatiana tatjana tatsuki tatsuya tatyana ted teemu tehei teiki teiva telma tendai
    teo teodor teodora teresa tereza terje tero terry tess tetiana tetsuya teun teura teva thabo than thandi thaniel
    themba theo theodor theodore theodoros theresa thiago thibault thierry thijs thomas thor thorbjorn thorsten
    tiago tiare tibor tiffany tigran tihomir tiina tim timea timmy timo timofey timur tina tineke titaina titaua
    tiziana tjeerd tobias todd todor toivo tolga tom tomas tomasz tomer tomislav tommaso tommy tomohiro tomoko
    tomomi tomyris tony tor torben torbjorn tore torsten toru toshio tracy trevor trinidad trond trondur troy truus
    trygve tsubasa tsutomu tsvetan tsvetelina tudor tugba tuija tuleen tunar tuncay tunde tuomas turgut turki tuula
    tyler tzvi uche ufuk ugo ugur uiloq ulf ulla ulloriaq ulrich ulrike uma umar umberto umesh umit una urho uri
    ursula urszula usha usman uta ute uwe vaclav vadim vaea vaino valdemar valentin valentina valeri valeria valerie
    valerio valeriu valery valter vamika vanessa vanja var varun varvara vasant vasco vasil vasile vasileios
    vasilije vasiliki vasilis vasilisa vasily vasyl vedant vedran veikko venkat venla ventsislav vera veronica
    veronika veronique vesa veselin vesna vicente vicki victor victoria vidar viera viggo vijay vikas vikram viktor
    viktoria viktorie viktoriya viliam ville vilmos vinay vince vincent vincenzo vinko vinod violeta viorel viorica
    virag viraj virginia virginie vishal vit vita vitaliy vitaly vito vitor vittoria vittorio vivek vivian vlad
    vladan vladimir vladislav vlado vladyslav vlasta vojislav vojtech volkan volker volodymyr vsevolod vugar vuk
    vusal vusala vyacheslav wade wael wafa wagner waldemar waleed walid walt walter waltraud wambui wan wanda
    wanjiku wassim wateen wayne wellington wendy werner wes widelene wiebe wieslaw wiktor wilfried wilhelm will
    willem willemijn william willow willy wilson wim witold wlodzimierz wojciech wolfgang wout wouter xavier ximena
    yaakov yael yair yamato yana yann yannick yannis yara yaroslav yasemin yash yasin yasmin yasmine yasna yasser
    yassin yassine yasuhiro yasuko yasuo yavuz yaw yegor yehuda yekaterina yelena yetunde yeva yevgeny yevhen
    yiannis yigal yigit yilmaz yitzhak yoana yoav yogesh yoko yolanda yonatan yordan yosef yoshiko yoshio yossi
    yosuke younes yousef yousouf youssef yua yui yuichi yuina yuji yuka yuki yukiko yukio yulia yuliya yuma yumi
    yumiko yuna yuri yuriy yusef yusif yusuf yuta yutaka yuya yves yvette yvonne zach zafer zahid zahir zahra zaid
    zainab zakaria zala zalan zan zanele zbigniew zdenek zdenka zdravka zdravko zdzislaw zeev zehra zeinab zeljka
    zeljko zeynab zeynep zhanna zhivko ziad zina zinaida zineb zion ziv zlatan zlatko zoe zofia zoltan zoran zorica
    zouhair zsanett zsofia zsolt zsuzsa zsuzsanna zumra zuzana zuzanna zuzka zvonimir zygmunt αγγελικη αθανασιοσ
    αικατερινη ανδρεασ ανδρουλα αννα βασιλειοσ βασιλικη γεωργια γεωργιοσ δημητρα δημητριοσ ελενη ιωαννα ιωαννησ
    κατερινα κυριακη κωνσταντινα κωνσταντινοσ μαρια μαριοσ μιχαηλ μιχαλησ νικολαοσ παναγιωτα παναγιωτησ παρασκευη
    σοφια χρηστοσ χριστινα аигуль аизере аилин аисұлтан аиша аиым алдияр александар александр александра александър
    алексеи али алина алинур алинұр алиса алихан алия алла аляксандр амина амир ана анастасия анатолии андреи андріи
    анна антон аркадии артем аруузат арууке асхат асылым аяла билал бисера богдан борис вадим валентин валентина
    валерии валерия варвара васил василии василь вера вероника весна виктор виктория виталии владимир владислав
    володимир всеволод вячеслав габриела галина ганна геннадии георги георгии глеб горан гордана григории гульнара
    давид дамјан даниел даниил дария дарија дарья денис дејан диана димитър динара дмитрии дмитро драган драгана
    душан ева евгении евгения егор екатерина елена елизавета ерлан жанна зинаида зоран зоя иван ивана иванка игорь
    ильдар илья инна иоана иордан иосиф ирина калоян катерина кирилл константин ксения лариса лев леонид лидия лука
    любовь людмила маия максим марат маргарита марина мария марија марк марко мартин марія матвеи матеј медина
    микола мила милан милена милица милош мирјана михаил михаило мухаммад мікалаи мұхаммед надежда наталия наталья
    наталія никита никол никола николаи нина нурислам нурлан нұрислам оксана олег олександр олексіи олена олеся
    ольга омар павел петар петр петро петър полина прохор радмила раиса рамадан рая раяна ринат родион роман руслан
    рустам салиха сара сафия светлана семен сергеи сергіи симона снежана софия софија софья станислав степан стефан
    стоян сяргеи таисия тамара тарас татьяна теодор тетяна тимофеи тимур тодор томирис ульяна умар усман фатима
    федор филипп хадича хана эдуард элина эльвира эмир эмма юлия юлія юрии яков яна ярослав євген іван ірина јана
    јелена јован јована љиљана әли احمد ادم حور خالد عبد عبدالله علي عمر فاطمة فرح فهد ليان لين ماريا محمد مريم ملك
    ميلا نور يوسف ალექსანდრე ანა ანასტასია ანდრია ბარბარე გაბრიელი გიორგი დავითი დანიელ დემეტრე ელენე ლილე ლუკა მათე
    მარიამი ნია ნიკოლოზი ნინო ნუცა სესილი
    """
)
