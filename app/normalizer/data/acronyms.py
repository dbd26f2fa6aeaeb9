"""Words that keep a spelling of their own when a text in all upper or all lower case is re-cased."""

from __future__ import annotations

from app.values.text import word_set

_UPPER = word_set(
    """
    CEO CTO CFO COO CMO CIO CPO CRO CSO CHRO CISO CCO CDO CLO CAO CBO CGO CXO CPTO VP SVP EVP AVP RVP GVP HR IT ICT
    SEO SEM PPC PR QA QC UX UI AI ML NLP BI R&D L&D M&A FP&A P&L F&B B2B B2C D2C DTC API CRM ERP CMS SAP AWS GCP SQL
    PHP HTML CSS SDK US UK EU USA UAE EMEA APAC LATAM DACH MENA ANZ GTM EHS HSE HRBP SDR BDR ADR MDR CSM SRE SDET
    PMO PMP CPA MBA ABM KYC AML ESG AR/VR VR TV VOIP RN LPN EA CNC HVAC CAD NHS II III IV SMB IAM GIS RF VLSI FPGA
    OEM 3D 2D IP LMS HRIS RPA SOC SMM CX DBA DTP CTV OTT FMCG CPG NGO TA UI/UX UX/UI EDI PCB EV POS HCM SCM PLM MES
    WMS ITSM 2IC UAT NYC

    CAIO CCIO CDIO CKO CNO CSCO CTIO DPO KAM BDM NED HRD HRM TPM PMM AGM DGM GDPR IFRS GAAP SOX M&E MEP QHSE HSEQ OHS
    WHS ITIL SQE SCADA PLC SIEM GRC VFX CGI AE MD GM FD PM PO PA
    DAF DRH DSI DG DGA DGS PDG DOSI RSSI RH RRH RAF RSE QSE SAV MOA AMOA MOE BTP
    RRHH I+D TIC TI GF ÖPNV EDV IHK QMB QM VD SST RSPP CED P&O BHP RODO HMS IKT
    """
)
# Acronyms as a title of their own; among other words they may be words ("ad operations").
_ALONE = word_set("AD ED GL BL NL PL SA DA CS OM SE SM AM RM BM EM TL BA DC DO RA VA PR TA CC CA GP ADV")
_MIXED = word_set(
    """
    SaaS PaaS IaaS IoT DevOps DevSecOps MLOps RevOps FinOps iOS JavaScript TypeScript NodeJS LinkedIn HubSpot PhD
    YouTube FinTech eCommerce Golang .NET WordPress macOS MySQL PostgreSQL
    """
)
ACRONYMS: dict[str, str] = {word.lower(): word for word in _UPPER | _MIXED}
ACRONYMS_ALONE: dict[str, str] = {word.lower(): word for word in _ALONE}

# Words of up to three letters that are a title and no acronym.
SHORT_TITLES = word_set("vet spy man boy cop aid dad mom mum nun")

# Kept in lower case except at the start.
SMALL_WORDS = word_set(
    """
    and of the in for to a an at by on or with de du des la le et y und für von der die van en di da do dos das del
    e und och og
    """
)
