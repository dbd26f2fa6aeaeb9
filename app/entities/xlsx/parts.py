"""The parts of a workbook of one sheet that are the same in each: what ECMA-376 asks for, and no more."""

from typing import Final

SHEET: Final = "xl/worksheets/sheet1.xml"
TEXT_STYLE: Final = 1
"""A cell of the format "Text", in which a spreadsheet computes nothing."""
HEADER_STYLE: Final = 2
"""The same in bold on grey."""

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE: Final = "application/vnd.openxmlformats"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_CONTENT_TYPES: Final = f"""<Types xmlns="{_PACKAGE}/content-types">\
<Default Extension="rels" ContentType="{_TYPE}-package.relationships+xml"/>\
<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}-officedocument.spreadsheetml.sheet.main+xml"/>\
<Override PartName="/xl/styles.xml" ContentType="{_TYPE}-officedocument.spreadsheetml.styles+xml"/>\
<Override PartName="/{SHEET}" ContentType="{_TYPE}-officedocument.spreadsheetml.worksheet+xml"/>\
</Types>"""
_RELATIONSHIPS: Final = f"""<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>\
</Relationships>"""
_WORKBOOK: Final = f"""<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">\
<sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets>\
</workbook>"""
_WORKBOOK_RELATIONSHIPS: Final = f"""<Relationships xmlns="{_PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>\
<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>\
</Relationships>"""
# Number format 49 is "@", which is text. The first two fills are fixed by the programs that read them.
_STYLES: Final = f"""<styleSheet xmlns="{_MAIN}">\
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>\
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>\
<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>\
<fill><patternFill patternType="solid"><fgColor rgb="FFE7E9EC"/><bgColor indexed="64"/></patternFill></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>\
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="49" fontId="1" fillId="2" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>\
</cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>\
</styleSheet>"""

PARTS: Final = {
    "[Content_Types].xml": _DECLARATION + _CONTENT_TYPES,
    "_rels/.rels": _DECLARATION + _RELATIONSHIPS,
    "xl/workbook.xml": _DECLARATION + _WORKBOOK,
    "xl/_rels/workbook.xml.rels": _DECLARATION + _WORKBOOK_RELATIONSHIPS,
    "xl/styles.xml": _DECLARATION + _STYLES,
}
"""Every part but the sheet, by its name in the archive."""


def sheet_start(columns: int) -> str:
    """Return how a sheet begins, up to its first row, which stays in sight while the others are scrolled."""
    return f"""{_DECLARATION}<worksheet xmlns="{_MAIN}">\
<sheetViews><sheetView workbookViewId="0">\
<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>\
<cols><col min="1" max="{columns}" width="20" style="{TEXT_STYLE}" customWidth="1"/></cols><sheetData>"""


SHEET_END: Final = "</sheetData></worksheet>"
