"""Words that stand beside a telephone number, and words that say that a number is none.

All are folded: no case, no accents.
"""

from __future__ import annotations

from app.values.text import fold, word_set

# "Tel.", "Mobil", "office": what kind of telephone it is, or where it stands.
PHONE_LABELS = word_set(
    fold(
        """
        t p m h w c o d b e g tel tels tele tlf telf tfn tfno tph teleph telephone telephones telefon telefone
        telefono telefonnummer telefonnr telnr telefoon telefoonnummer téléphone teléfono telèfon telefonszám
        telefonas telefona telefoni telefonos telefonu telefonnum telefonnummern fono fone fon fons ph phn phone
        phones phoneno phonenumber puh puhelin sími simi sim mob mobil mobile mobiles mobilnr mobilnummer
        mobilne mobitel móvil movil moviles mobiel mobiele mobilephone mobilni mobilny cel cell cells cellphone
        cellular cellulare celular celulares celulaire cellulaire cep gsm handy handynr handynummer natel
        portable portatif portátil portatil port komórka komorka kom komorkowy matkapuhelin matkapuh farsími
        farsimi mobilusis mobilus mobilais mobilā mobilă kännykkä kannykka kapesní mobiltelefon work works
        office offices off business busi bus biz home private personal main direct direkt directo directe direto
        dir line hotline switchboard reception receptionist desk landline land front hq headquarters corporate
        corp company other primary secondary default assistant secretary support sales service customer helpline
        helpdesk toll free tollfree toll-free freephone freecall emergency day evening night new old preferred
        büro buro arbeit arbeitsplatz dienst dienstlich geschäft geschäftlich geschaft geschaftlich firma privat
        zentrale festnetz festnetznr sekretariat vorzimmer empfang rezeption verwaltung vertrieb haupt
        hauptnummer durchwahl dw durchw rufnummer rufnr rufn ruf zuhause mobilfunk erreichbar unter auch bureau
        travail domicile fixe standard accueil ligne perso personnel professionnel pro oficina trabajo casa fijo
        particular centralita central principal conmutador despacho recepción ufficio lavoro fisso centralino
        diretto segreteria abitazione escritório escritorio trabalho fixo residencial comercial residência ramal
        geral kantoor werk thuis vast vaste privé zakelijk doorkies algemeen kontor kontoret arbete arbetet
        arbejde arbeid jobb hem hjem hemma hjemme fast fasttelefon direkte direktnummer växel vaxel vx
        sentralbord omstilling mobilen työ tyo koti toimisto vaihde suora biuro praca dom domowy służbowy
        sluzbowy stacjonarny centrala prywatny bezpośredni práce prace domů kancelář kancelar pevná pevna linka
        ústředna domáci domaci kancelária iroda munkahely otthon vezetékes központi mobilszám birou serviciu
        acasă acasa fix centrală mobilul iş ev ofis sabit santral dahili telno cepno σταθερο κινητο κιν τηλ
        τηλεφωνο γραφειο σπιτι εργασια тел телефон телефоны телеф моб мобильный мобила сот сотовый раб рабочий
        дом домашний офис приемная приёмная городской гор факт номер мобільний роб робочий домашній офіс
        приймальня служебен домашен служебный мобилен 电话 電話 电话号码 電話番号 电话號碼 手机 手機 手机号
        手机号码 行動電話 行動 携帯 携帯電話 代表 直通 自宅 会社 公司 办公 办公室 固定電話 固话 总机 總機 座机
        联系电话 聯絡電話 電 手 携 連絡先 전화 전화번호 휴대폰 휴대전화 핸드폰 회사 사무실 집 대표 직통 연락처
        هاتف جوال موبايل محمول تلفون تليفون مكتب منزل عمل رقم الهاتف الجوال תلفن تلفن موبایل همراه دفتر טלפון טל
        נייד סלולרי משרד בית עבודה फोन मोबाइल दूरभाष कार्यालय घर ফোন মোবাইল โทร โทรศัพท์ มือถือ ที่ทำงาน บ้าน đt đtdđ
        điện thoại di động dđ sđt cđ văn phòng telp telpon telepon hp ponsel kantor rumah tlp whatsapp whatapp
        wa viber signal telegram sms text skype imessage facetime wechat call calls us me ring rufen call-us at
        on please dial voice
        """
    )
)
# Words of a label that are none by themselves: "Phone no", but not "No 12345678".
LABEL_PARTS = word_set(fold("no nr num number numbers nummer numero número número n и and und or the de la del di"))

# What announces an extension or a second number after a number.
EXTENSION_MARKERS = word_set(
    fold(
        """
        x xt ext extn exten extension extensions ex int interno interne internal intern anexo poste durchwahl dw
        nebenstelle nst klappe kl apl app apparat wew wewn wewnętrzny wewnetrzny linka mellék mellek toestel tst
        lokal lok ramal r rml ankn anknytning alanumero alanro dahili dah доб добавочный вн внутр внутренний
        press opt option pin 内線 内线 分機 分机 转 轉 轉接 转接 내선 ต่อ nội bộ máy lẻ وصلة تحويلة داخلي שלוחה
        εσωτ εσωτερικο local lkl p post
        """
    )
)

# A number beside one of these is a number of something else.
NO_PHONE_WORDS = word_set(
    fold(
        """
        fax faxe telefax telecopie télécopie faxnr faxnummer факс faks φαξ 传真 傳真 ファックス 팩스 فاكس pager
        eur euro euros usd gbp chf sek nok dkk pln czk huf cad aud inr jpy cny rmb brl rub krw dollar dollars
        pounds kr zł zl kč kc ft lei руб грн mio mrd million millionen billion bn employees employee mitarbeiter
        salariés empleados staff people id ids iban bic swift vat ust ustid uid nif cif cuit cuil rut rfc siret
        siren kvk ssn sin cpf cnpj inn инн огрн кпп pesel regon ico dic hrb hra isbn issn ean gtin sku asin imei
        ref reference referenz order bestellung bestellnummer invoice rechnung facture factura kundennummer
        kunde customerid account konto ticket case serial sn version build lat lon lng latitude longitude gps
        date datum year born since seit plz zip postcode m2 km kg mb gb uhr hrs hours heures pm
        """
    )
)
