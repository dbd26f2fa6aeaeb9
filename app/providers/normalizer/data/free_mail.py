"""Domains of mailbox providers that anybody can register with, so the domain says nothing about an employer."""

from __future__ import annotations

from app.providers.normalizer.text import word_set

FREE_MAIL_DOMAINS = word_set(
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
    """
)
