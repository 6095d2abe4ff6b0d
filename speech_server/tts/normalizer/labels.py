"""Numbers that name a thing and count nothing: flights, rooms, roads, houses, postal codes."""

import re

from speech_server.tts.normalizer.numbers import cardinal, digits
from speech_server.tts.normalizer.rules import Rule, full_stop

_NAMED = (
    "Flight|Room|Highway|Route|Interstate|Boeing|Airbus|Suite|Apartment|Unit|Bus|Train|Channel"
    "|Building|Gate|Terminal|Locker"
)
_STREETS = {
    "St": "Street",
    "Ave": "Avenue",
    "Rd": "Road",
    "Blvd": "Boulevard",
    "Dr": "Drive",
    "Ln": "Lane",
    "Ct": "Court",
    "Pl": "Place",
}
_WHOLE_STREETS = "Street|Avenue|Road|Boulevard|Drive|Lane|Court|Place|Way|Terrace|Square"
_STATES_TEXT = """
AL Alabama AK Alaska AZ Arizona AR Arkansas CA California CO Colorado CT Connecticut DE Delaware
FL Florida GA Georgia HI Hawaii ID Idaho IL Illinois IN Indiana IA Iowa KS Kansas KY Kentucky
LA Louisiana ME Maine MD Maryland MA Massachusetts MI Michigan MN Minnesota MS Mississippi
MO Missouri MT Montana NE Nebraska NV Nevada NH New_Hampshire NJ New_Jersey NM New_Mexico
NY New_York NC North_Carolina ND North_Dakota OH Ohio OK Oklahoma OR Oregon PA Pennsylvania
RI Rhode_Island SC South_Carolina SD South_Dakota TN Tennessee TX Texas UT Utah VT Vermont
VA Virginia WA Washington WV West_Virginia WI Wisconsin WY Wyoming DC D_C
"""
_parts = _STATES_TEXT.split()
_STATES = {
    code: name.replace("_", " ") for code, name in zip(_parts[::2], _parts[1::2], strict=True)
}


def pairs(text: str) -> str:
    """Say a number that is a name: 370 is three seventy, 101 one oh one, 1600 sixteen hundred."""
    if len(text) not in (3, 4) or text.startswith("0"):
        return digits(text) if len(text) > 4 or text.startswith("0") else cardinal(int(text))
    high, low = int(text[:-2]), int(text[-2:])
    if low == 0:
        return cardinal(int(text)) if high % 10 == 0 else f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def _named(match: re.Match[str]) -> str:
    return f"{match['what']} {pairs(match['number'])}"


def _house(match: re.Match[str]) -> str:
    return pairs(match["number"])


def _street(match: re.Match[str]) -> str:
    return _STREETS[match["kind"]] + full_stop(match)


def _zip(match: re.Match[str]) -> str:
    more = f", {digits(match['more'])}" if match["more"] else ""
    return f"{_STATES[match['state']]} {digits(match['zip'])}{more}"


def _tagged(match: re.Match[str]) -> str:
    """Say what follows a number sign and is too long to be a count."""
    groups = re.findall(r"\d+|[A-Za-z]+", match["code"])
    spoken = (digits(part) if part.isdigit() else " ".join(part.upper()) for part in groups)
    return "number " + ", ".join(spoken)


def _split_code(match: re.Match[str]) -> str:
    return f"{digits(match['one'])}, {digits(match['two'])}"


_NAME = r"(?:[NSEW]\.? )?(?:[A-Z][a-z]+ ){1,3}"

RULES: list[Rule] = [
    (
        re.compile(rf"\b(?P<what>(?i:{_NAMED})) (?P<number>\d{{3,4}})(?![\w%]|[.,:]\d)"),
        _named,
    ),
    (
        re.compile(
            rf"(?<![\w.,$€£-])(?P<number>\d{{3,4}})"
            rf"(?= {_NAME}(?:{'|'.join(_STREETS)}|{_WHOLE_STREETS})\b)"
        ),
        _house,
    ),
    (
        re.compile(rf"(?<=[a-z] )(?P<kind>{'|'.join(_STREETS)})\b\.?(?=\s*(?:,|\.?$|and\b|in\b))"),
        _street,
    ),
    (
        re.compile(
            rf"\b(?P<state>{'|'.join(_STATES)}) (?P<zip>\d{{5}})(?:-(?P<more>\d{{4}}))?(?!\w)"
        ),
        _zip,
    ),
    (
        re.compile(
            r"(?<![\w&])#(?P<code>\d{5,20}(?!\w)"
            r"|(?=[A-Za-z]{0,4}\d)[A-Za-z]{0,4}\d{1,12}(?:-[A-Za-z\d]{1,12}){1,4}(?!\w))"
        ),
        _tagged,
    ),
    (re.compile(r"(?<![\w.,/–-])(?P<one>\d{3,6})-(?P<two>0\d{2,6})(?![\w/–-])"), _split_code),
]
