"""Given names beyond English: spellings of one name, and its short forms. `nicknames` has the English ones.

From public lists of diminutives and of transliterations, read in November 2026. Related names that are different
people's in one country, such as Jan and Hans, do not stand together.
"""

from typing import Final

NAME_FORMS: Final = """
adalbert adalberto | bert albert; aleksandr alexander alexandr oleksandr aleksander alexandre alessandro alejandro |
sasha sascha shura sandro alex sander; aleksandra alexandra oleksandra alessandra alejandra | sasha ola sandra alex
ale; aleksei alexei alexey aleksey alexej aliaksei oleksii oleksiy | alyosha alex lyosha; anastasia anastasiia
anastasiya anastasija | nastya nastia nastja; andrei andrey andrej andrii andriy; andreas | andi andy andré dré;
andrzej | jedrek; anna hanna ganna | anya ania anja annika anni aneczka annie; antonio antoine antoni antonin anton
antônio | toni tony nino tonio tonino toto; arkadiy arkady arkadii; artyom artem artiom artsiom | tema; barbara |
basia barb babsi; beatrice beatrix beatriz béatrice | bea béa trixi; benedikt benedict | bene ben; bernhard bernard
| bernd bernie; bogdan bohdan | bogdanek; carlos | cadu caco carlitos; charlotte | lotte lotta charlie; christian
kristian cristian | chris christi; christina kristina christine kristine cristina kristiina | tina chris kristin
kirsten stina; christoph christophe kristof krzysztof christopher cristobal | chris krzysiek krzys topher stoffel;
concepcion | concha conchita; cornelis cornelius | kees cor nelis; daniel danil daniil danylo | dani dan danny;
daria darya dariia | dasha; david davyd dawid davide | dave dudu; dmitri dmitry dmitriy dmitrii dmytro dimitri
dzmitry dmitrij | dima mitya; dimitris dimitrios dimitrius | jimmy mitsos; dolores | lola; dorothea dorothee dorota
| doro thea dorka; eduard eduardo edward edouard edvard | edu ed eddie edek duda; ekaterina yekaterina kateryna
katerina jekaterina katsiaryna | katya katia katja kate; katharina catharina katarina catherine katherine caterina
catarina katarzyna kathrin katrin | kathi käthe kate kasia karin kaska trine katja; elena yelena olena jelena alena
| lena lenka alyona; elisabeth elizabeth elisabetta elzbieta isabel | elise lisa liesl elsbeth sisi betty liz ella
lisbeth els ela isa; emmanuel emanuel emanuele manuel | manu manolo manny; enrique | quique kike; esteban stefan
stephan steven stephen stéphane stefano stefanos szczepan | steffen steve stef steph stevie stefek; eugen evgeny
evgeni evgenii evgeniy yevgeny yevgeni yevhen evgenij eugene jewgeni yauheni | zhenya gene; evgenia yevgenia eugenia
evgeniya yevheniia | zhenya jenny; federico frederic frederik friedrich frederick fredrik frédéric federigo | fritz
fred freddy rico; felipe filip philip philipp philippe filippo | phil pippo flip lipe; ferdinand fernando | nando
ferdi ferdl; florian | flo; francesco | cecco franco ciccio checco; francisco | paco pancho chico paquito kiko cisco
fran curro; franziska francisca francesca | franzi paca fran; gabriele gabriela gabrielle | gabi gaby gabby; georg
george georgios giorgos georgiy georgii georgy jorge giorgio | schorsch yorgos georgie; gerardo gerhard gerard |
gerd gert gerry; gianluca | luca; giovanni | gianni nanni vanni; giuseppe | beppe peppe pino joe; gregor gregory
grzegorz gregorio grigori grigory grigoriy hryhorii | greg grisha grzes; guillermo guilherme guglielmo | memo gui
guille; heinrich | heinz heiner heini hinrich; hendrik henrik henryk | henk heniek rik; henri henry | hank; hubert |
hubi bert; ignacio ignatius ignazio | nacho iggy; igor ihor; ilya ilia illia; ioannis yiannis giannis yannis yannick
| john jannis; irina iryna arina irena irene | ira; istvan | pisti isti; ivan | vanya vania; jakub jakob jacob |
kuba kobi jake jakobus koos; james jaime | jim jimmy jamie; jaroslav yaroslav jarosław | jarek slava yarik; jerzy |
jurek; joachim joaquin joakim | jochen achim jocke quim; joana joanna johanna | asia jo hanna hanne joasia; joao
joão | jota joaozinho; johannes johann | hans hannes jo johnny; jordi jorge; josef jose joseph josep jozef josip
josé | pepe sepp joe beppo pepito ze zé joey jupp; juan | juanito juancho; julia yulia iuliia yuliya julija giulia
julie yuliia | jule yulya julka; karl carl | kalle charly charlie; karolina carolina caroline | caro karo lina line;
klaus claus nikolaus nikolaos nicolas nikolai nikolay nikolaj nikola mykola mikalai nicholas niklas niccolo | kolya
nico niko nick nik nikos klaas nils; konstantin constantin konstantinos constantine kanstantsin kostiantyn | kostya
kostas costas kosta tino; ksenia xenia kseniya kseniia | ksyusha; lars laurentius | lasse; laszlo | laci; laurent
lorenz lorenzo lawrence laurence | renzo larry enzo; leonid | lyonya leo; leonard leonardo leonhard | leo lenny leon
nardo; lidia lydia lidiya; liudmila lyudmila ludmila ludmilla | mila luda lyuda; ludwig | lutz lui; lukas lucas
lukasz łukasz luca luke | luki luk; magdalena magdalene | magda lena madde leni; malgorzata małgorzata margarita
margarethe marguerite margaret margareta margherita | gosia malgosia grete gretel greta rita maggie margot marga
daisy; manuela | manu ela; marek marc mark marco marcos markus marcus marko | marky; maria marie mariya mariia
marija maryia | masha mari maja marysia mary mitzi marusya; martin martino marcin marten martijn | tino maarten
marty; matthias mathias matthieu mathieu mateusz matteo mateo matthew matias matheus | matze mats matt matti teo
thijs; maximilian maximiliano massimiliano | max maxi; maksim maxim maksym maxime | max maks; michael mikhail
michail mykhaylo mykhailo mikhael mihail mihai miguel michele michel mikael michal michał mikkel | misha michi mike
micha mick miki mischa michiel; mohamed mohammed muhammad mohammad muhammed mohamad mehmet mehmed muhammet mohammod
muhamad mohd md muhamed | moe mo; monika monica monique | moni mona; natalia natalya nataliya nataliia natalie
nathalie natalija | natasha nata nataly; nikita mikita; oksana oxana aksana; oleg oleh | olezhka; olga olha volha
olya | olenka; patrick patricio patrizio patryk | pat paddy; pavel pawel paweł pavlo paul pablo paolo paulo pavol |
pasha pol pal paulie; pedro peter pierre pietro piotr pyotr petr petro pieter petros petar petter pjotr | piet
piotrek petya pit per piero pete; polina paulina pauline; rafael raphael raffaele rafal rafał | rafa raf rafi;
reinhard reinhardt | reini hardy; ricardo richard riccardo ryszard | rico rick dick ric rysiek; roberto robert | rob
beto bob robbie berto robi; rudolf rodolfo | rudi rolf; ruediger rüdiger; salvatore salvador | salva toto turi sal;
sebastian sebastien sebastiano sébastien | basti seb bastian seba wastl; sergei sergey sergej serhii serhiy sergii
sergio serge siarhei serguei | seryozha serg sergi; shlomo solomon; sofia sophia sophie sofie sofiya sofya zofia |
sonya sonia zosia sophy; spyridon | spyros spiros; stanislav stanislaw stanisław | stas staszek stan; stefanie
stephanie stéphanie stefania | steffi steph stefi; susanne susanna suzanne susan zsuzsanna susana | susi zsuzsi
sanne suse; svetlana svitlana sviatlana | sveta lana; tadeusz | tadek; tatiana tatyana tetiana tatjana tatsiana |
tanya tania tanja; teresa therese theresa | tessa tere resi terry thea; theodor teodoro teodor fyodor fedor fiodor
theodoros | theo teo fedya; thomas tomas tomasz tommaso tomás toomas | tom tomek tommy tomasek thommy; timofei
timothy timofey tymofii | timo tim; tiago thiago; ulrich ulrik | uli ulli; ulrike | uli ulli rike; valentina
valentyna | valya tina; valery valeriy valerii valeri valeriya; vasily vasiliy vasilii vasyl vasil vasileios | vasya
vasilis vassilis; viktor victor vittorio | vitya vic; viktoria victoria viktoriya viktoriia | vika vicky vicki tori;
vincenzo vicente vincent vincenz | enzo vince cenzo; vitaly vitaliy vitalii vitali vital | vitalik; vladimir
volodymyr wladimir uladzimir włodzimierz | volodya vova vlad; vladislav vladyslav uladzislau władysław | vlad
vladik; vyacheslav viacheslav viachaslau | slava; walter gualtiero valter | walt; wilhelm willem vilhelm | willi
willy wim helmi; wojciech | wojtek; wolfgang | wolf wolle wolfi; xavier javier | javi xavi; yuri yuriy yury iurii
iuri jurij yurii | yura; zbigniew | zbyszek; zoltan | zoli;
ahmed ahmad; hussein hussain husain hossein; yousef youssef yusuf yousuf; omar umar; khaled khalid; hassan hasan;
fatima fatma fatimah; mahmoud mahmud mahmood; mustafa mostafa moustafa; ibrahim ebrahim; karim kareem
"""
"""Groups parted by semicolons: spellings of one name, and behind a bar its short forms, each of which stands for the
name and not for the others."""
