"""Abbreviations, acronyms and signs in English."""

import re

from speech_server.tts.normalizer.numbers import cardinal, digits, number, roman, year
from speech_server.tts.normalizer.rules import Rule, constant, full_stop

_ABBREVIATIONS = {
    "mr": "Mister",
    "mrs": "Missus",
    "ms": "Miz",
    "dr": "Doctor",
    "prof": "Professor",
    "gen": "General",
    "col": "Colonel",
    "sgt": "Sergeant",
    "capt": "Captain",
    "lt": "Lieutenant",
    "rev": "Reverend",
    "hon": "Honorable",
    "sen": "Senator",
    "rep": "Representative",
    "gov": "Governor",
    "pres": "President",
    "jr": "Junior",
    "sr": "Senior",
    "mt": "Mount",
    "ft": "Fort",
}
_ANYWHERE = {
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "vs": "versus",
    "approx.": "approximately",
    "dept.": "department",
    "est.": "established",
    "incl.": "including",
    "excl.": "excluding",
    "misc.": "miscellaneous",
    "apt.": "apartment",
    "ave.": "avenue",
    "blvd.": "boulevard",
    "rd.": "road",
    "ln.": "lane",
    "hwy.": "highway",
    "inc.": "incorporated",
    "ltd.": "limited",
    "corp.": "corporation",
    "bros.": "brothers",
    "fig.": "figure",
    "vol.": "volume",
    "ch.": "chapter",
    "w/o": "without",
    "w/": "with",
    "a.k.a.": "also known as",
    "n/a": "not applicable",
    "c/o": "care of",
    "ph.d.": "P H D",
    "phd": "P H D",
    "km/h": "kilometers per hour",
    "c++": "C plus plus",
    "c#": "C sharp",
    "et al.": "and others",
    "p.s.": "P S",
    # Sounds that would be read letter by letter.
    "mm-hmm": "um-hum",
    "mm-hm": "um-hum",
    "mhm": "um-hum",
    "shh": "shush",
}
_SPELLED_TEXT = """
AI API ATM CEO CFO CIA CPU CTO CSS CV DIY DNA DVD ETA EU FAQ FBI GDP GPS GPU HR HTML HTTP HTTPS
ID IP IQ IRS ISO IT LED LLM MRI NBA NFL NGO OK PC PDF PR QA RNA ROI RSVP SDK SMS SOS SQL SSH SSN
STT TTS TV UI UK UN URL US USA USB UTC UV UX VAT VIP VPN XML CNN BBC IBM HP AC DC EV ER ICU UFO
AWS FYI BMI WHO AM FM NYC LA UPS FDA EPA NSA IRS ADHD HIV IVF APR IPA ECG EEG SUV DUI EMT UCLA MIT
NYU AED OTC IOU ETA ETF IPO KPI OMG IOT ASAP AAA ATV EIN PTO AD BC GMT EST PST CET ESPN MBA PGA
"""
_SPELLED = frozenset(_SPELLED_TEXT.split())
_SYMBOLS = {
    "&": "and",
    "©": "copyright",
    "®": "",
    "™": "",
    "§": "section",
    "¶": "paragraph",
    "≈": "approximately",
    "≤": "less than or equal to",
    "≥": "greater than or equal to",
    "≠": "not equal to",
    "±": "plus or minus",
    "→": "to",
    "∞": "infinity",
    "√": "square root of",
    "π": "pi",
    "µ": "micro",
}
_BEFORE_NUMBERS = {
    "p": "page",
    "pp": "pages",
    "max": "maximum",
    "min": "minimum",
    "sec": "section",
}
_LONE_UNITS = {
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "kWh": "kilowatt hours",
    "mph": "miles per hour",
    "km": "kilometers",
    "km/h": "kilometers per hour",
}
_FILES = "txt|pdf|py|js|ts|json|csv|docx?|xlsx?|jpe?g|png|gif|md|html?|exe|zip|mp[34]|wav"
_OPERATORS = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "*": "times",
    "×": "times",
    "x": "times",
    "·": "times",
    "/": "divided by",
    "÷": "divided by",
    "=": "equals",
    "<": "is less than",
    ">": "is greater than",
    "^": "to the power of",
}


def _title(match: re.Match[str]) -> str:
    return _ABBREVIATIONS[match["title"].lower()]


def _saint_or_street(match: re.Match[str]) -> str:
    return "Saint" if match["name"] is not None else "Street"


def _anywhere(match: re.Match[str]) -> str:
    return _ANYWHERE[match.group().lower()]


def _sequel(match: re.Match[str]) -> str:
    return f"{match['name']} {cardinal(roman(match['roman']))}"


def _spell(text: str) -> str:
    return " ".join(text)


def _acronym(match: re.Match[str]) -> str | None:
    letters = match["letters"]
    known = letters in _SPELLED and not _is_shouted(match.string)
    if not known and re.search("[AEIOUY]", letters):
        return None
    return _spell(letters) + ("'s" if match["plural"] else "")


def _is_shouted(text: str) -> bool:
    """Whether capitals mean nothing, because all of it is in capitals."""
    return text.isupper() and len(text.split()) > 1


def _dotted(match: re.Match[str]) -> str:
    return _spell(match.group().replace(".", "").upper()) + full_stop(match)


def _mixed(match: re.Match[str]) -> str:
    """Say a code such as A12 or B2B part by part."""
    spoken: list[str] = []
    for part in re.findall(r"\d+|[A-Za-z]+", match.group()):
        if part.isdigit():
            is_year = len(part) == 4 and part[:2] in ("19", "20")
            say = digits if len(part) > 2 else number
            spoken.append(year(int(part)) if is_year else say(part))
        else:
            spoken.append(_spell(part) if part.isupper() and len(part) <= 3 else part)
    return " ".join(spoken)


def _file(match: re.Match[str]) -> str:
    kind = match["kind"]
    return "dot " + (kind if kind in ("zip", "json", "doc", "bat") else _spell(kind.upper()))


def _tag(match: re.Match[str]) -> str:
    text = match["tag"]
    return f"number {cardinal(int(text))}" if text.isdigit() else f"hashtag {text}"


def _sentence_end(match: re.Match[str]) -> str:
    return _anywhere(match) + full_stop(match)


_DOTTED_KEYS = "|".join(re.escape(key) for key in sorted(_ANYWHERE, key=len, reverse=True))

ABBREVIATIONS: list[Rule] = [
    (
        re.compile(
            rf"\b(?P<title>{'|'.join(_ABBREVIATIONS)})\.(?= ?[A-Z]| (?:and|&) )", re.IGNORECASE
        ),
        _title,
    ),
    (re.compile(r"\b(?P<title>Jr|Sr)\.(?!\w)"), _title),
    (re.compile(r"(?<![\w.])(?P<initial>[A-Z])\.(?= [A-Z])"), lambda match: match["initial"]),
    (re.compile(r"\bSt\.(?:(?P<name>(?= [A-Z]))|(?!\w))"), _saint_or_street),
    (re.compile(rf"(?<![\w.])(?:{_DOTTED_KEYS})(?=\.?$)", re.IGNORECASE), _sentence_end),
    (re.compile(rf"(?<![\w.])(?:{_DOTTED_KEYS})(?!\w)", re.IGNORECASE), _anywhere),
    (
        re.compile(r"\b(?P<short>pp?|[Mm]ax|[Mm]in|[Ss]ec)\.(?= ?\d)"),
        lambda match: _BEFORE_NUMBERS[match["short"].lower()],
    ),
    (
        re.compile(r"(?<![\w/])(?P<unit>kHz|MHz|GHz|kWh|mph|km)(?:/h)?(?![\w/])"),
        lambda match: _LONE_UNITS[match.group()],
    ),
    (
        re.compile(r"\b[Nn]o(?P<many>s)?\.(?= ?\d)|№(?= ?\d)"),
        lambda m: "numbers" if m["many"] else "number",
    ),
    (re.compile(r"(?<![\w&])#(?P<tag>\w{1,60})"), _tag),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]\.){2,6}(?=\W|$)(?![A-Za-z])"), _dotted),
]
"""These come before numbers, RULES after them."""

RULES: list[Rule] = [
    (
        re.compile(
            r"(?P<name>\b[A-Z][a-z]{2,20}) "
            r"(?P<roman>I{2,3}|VI{1,3}|IX|XI{1,3}|XI?V|XVI{0,3}|IV(?! [a-z]))(?!\w)"
        ),
        _sequel,
    ),
    (
        re.compile(r"\b[A-Z]{1,3}&[A-Z]{1,3}\b"),
        lambda match: " and ".join(_spell(part) for part in match.group().split("&")),
    ),
    (re.compile(r"(?<=[A-Za-z])-(?=\d)"), constant("")),
    (re.compile(r"\band/or\b"), constant("and or")),
    (re.compile(r"(?<=[a-z])/(?=[a-z])"), constant(" or ")),
    (
        re.compile(r"(?<![\w.'’])(?P<letters>[A-Z]{2,5})(?P<plural>['’]?s)?(?![\w'’]|\.\w)"),
        _acronym,
    ),
    (
        re.compile(
            r"(?<![\w.])(?:[A-Za-z]{1,6}\d{1,6}|\d{1,6}[A-Z]{1,4})(?:[A-Za-z\d]{0,8})(?!\w)"
        ),
        _mixed,
    ),
    (
        re.compile(r"(?<=[\w)])(?P<sign>[=<>^×÷·+])(?=[\w(])|(?<=\d)(?P<times>[*x])(?=\d)"),
        lambda m: f" {_OPERATORS[m['sign'] or m['times']]} ",
    ),
    (
        re.compile(
            r"(?<=[\w)] )(?P<sign>[-−+*×x÷/=<>])(?= [\d(])|(?<=\w )(?P<more>[+=<>×÷])(?= \w)"
        ),
        lambda m: f" {_OPERATORS[m['sign'] or m['more']]} ",
    ),
    (re.compile(r"(?<=\w)²(?!\w)"), constant("squared")),
    (re.compile(r"(?<=\w)³(?!\w)"), constant("cubed")),
    (re.compile(r"(?<=\d)-(?=[A-Za-z])|(?<=[A-Z])-(?=[A-Z])"), constant("")),
    (re.compile(rf"(?<=\w)\.(?P<kind>{_FILES})\b"), _file),
    (re.compile(r"(?<=\w)_+(?=\w)"), constant(" ")),
    (re.compile(r"@(?=\w)"), constant("at ")),
    (re.compile(r"(?<= )@(?= )"), constant("at")),
    (re.compile("[" + "".join(_SYMBOLS) + "]"), lambda match: f" {_SYMBOLS[match.group()]} "),
    (re.compile(r"\.{3,}|…+"), constant("…")),
]
