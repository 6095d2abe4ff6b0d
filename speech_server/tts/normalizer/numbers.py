"""Numbers in English words."""

import re
from functools import lru_cache

from num2words import num2words

from speech_server.tts.normalizer.rules import Rule

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
"""A number with or without separators of thousands and a fraction."""
MAGNITUDES = {
    "k": "thousand",
    "m": "million",
    "mm": "million",
    "mn": "million",
    "b": "billion",
    "bn": "billion",
    "t": "trillion",
    "tn": "trillion",
}
LONGEST_CARDINAL = 15
_FRACTIONS = {
    "½": "one half",
    "⅓": "one third",
    "⅔": "two thirds",
    "¼": "one quarter",
    "¾": "three quarters",
    "⅕": "one fifth",
    "⅛": "one eighth",
    "⅜": "three eighths",
    "⅝": "five eighths",
    "⅞": "seven eighths",
}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


@lru_cache(maxsize=4096)
def cardinal(number: int) -> str:
    """Say a whole number: 1234 is one thousand two hundred and thirty-four."""
    return str(num2words(number)).replace(",", "")


@lru_cache(maxsize=1024)
def ordinal(number: int) -> str:
    """Say a place: 21 is twenty-first."""
    return str(num2words(number, to="ordinal")).replace(",", "")


def digits(text: str) -> str:
    """Say each digit: 007 is zero zero seven."""
    return " ".join(DIGITS[int(char)] for char in text if char.isdecimal())


def number(text: str) -> str:
    """Say a number as it is written, with separators, a fraction or a sign."""
    sign = ""
    if text[:1] in "-−+":
        sign = "plus " if text[0] == "+" else "minus "
        text = text[1:]
    whole, _, fraction = text.replace(",", "").partition(".")
    if not whole:
        whole = "0"
    leading_zero = len(whole) > 1 and whole.startswith("0")
    spoken = (
        digits(whole) if leading_zero or len(whole) > LONGEST_CARDINAL else cardinal(int(whole))
    )
    if fraction:
        spoken += " point " + digits(fraction)
    return sign + spoken


def year(value: int) -> str:
    """Say a year: 1905 is nineteen oh five."""
    high, low = divmod(value, 100)
    if value < 1000:
        return f"{cardinal(high)} {cardinal(low)}" if low >= 10 else cardinal(value)
    if 2000 <= value < 2010 or (low == 0 and high % 10 == 0):
        return cardinal(value)
    if low == 0:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def plural(words: str) -> str:
    """Give the plural of a spoken number: twenty, twenties."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith("x") else "s")


def is_one(text: str) -> bool:
    """Whether a number as written takes the singular."""
    return text.replace(",", "").lstrip("+-−") in ("1", "1.0")


def _fraction(match: re.Match[str]) -> str | None:
    over, under = int(match["over"]), int(match["under"])
    if not 0 < over < under <= 100 or (match["whole"] is None and under > 20 and under != 100):
        return None
    if under == 2:
        part = "half" if over == 1 else "halves"
    elif under == 4:
        part = "quarter" if over == 1 else "quarters"
    else:
        part = ordinal(under) + ("" if over == 1 else "s")
    if match["whole"] is None:
        return f"{cardinal(over)} {part}"
    return f"{number(match['whole'])} and {'a' if over == 1 else cardinal(over)} {part}"


def _glyph(match: re.Match[str]) -> str:
    part = _FRACTIONS[match["part"]]
    if match["whole"] is None:
        return part
    return f"{number(match['whole'])} and {part.replace('one ', 'a ', 1)}"


def _four_digits(match: re.Match[str]) -> str | None:
    value = int(match.group())
    is_year = match.string[: match.start()].endswith("year ")
    return year(value) if 1010 <= value <= (2999 if is_year else 2099) else None


def _decade(match: re.Match[str]) -> str:
    if match["short"]:
        return plural(cardinal(int(match["short"])))
    value = int(match["long"])
    if value % 100 == 0:
        return f"{year(value)}s" if value != 2000 else "two thousands"
    return f"{cardinal(value // 100)} {plural(cardinal(value % 100))}"


def _range(match: re.Match[str]) -> str | None:
    low, high = match["low"], match["high"]
    if " - " in match.group() and "=" in match.string:
        return None  # a difference
    if all(re.fullmatch(r"1[1-9]\d\d|20\d\d", part) for part in (low, high)):
        return f"{year(int(low))} to {year(int(high))}"
    return f"{number(low)} to {number(high)}"


def _rating(match: re.Match[str]) -> str | None:
    """Say 4.5/5 and 9/10 as marks and shares, not as parts of a whole."""
    over, of = float(match["over"]), int(match["of"])
    if over > of or (match["over"] in ("1", "2", "3", "4") and of == 5):
        return None
    return f"{number(match['over'])} out of {cardinal(of)}"


def _over(match: re.Match[str]) -> str:
    low, high = match["low"], match["high"]
    if re.fullmatch(r"20\d\d", low) and len(high) == 2:
        return f"{year(int(low))} {cardinal(int(high))}"
    return f"{number(low)} over {number(high)}"


def _code(match: re.Match[str]) -> str:
    return f"{match['what']} {digits(match['digits'])}"


def _dotted(match: re.Match[str]) -> str:
    prefix = "version " if match["v"] else ""
    return prefix + " point ".join(number(part) for part in match["parts"].split("."))


def _address(match: re.Match[str]) -> str | None:
    parts = match.group().split(".")
    if any(int(part) > 255 for part in parts):
        return None
    return " dot ".join(digits(p) if len(p) > 2 else cardinal(int(p)) for p in parts)


def _plain(match: re.Match[str]) -> str:
    text = match.group()
    bare = text.lstrip("+-−")
    if bare.isdigit() and len(bare) >= 7 and "," not in bare and not bare.endswith("000"):
        return (text[: -len(bare)].replace("+", "plus ") + " " + digits(bare)).strip()
    return number(text)


def roman(text: str) -> int:
    """Give the value of a Roman numeral."""
    total = 0
    for char, after in zip(text, [*text[1:], ""], strict=True):
        value = _ROMAN[char]
        total += -value if after and _ROMAN[after] > value else value
    return total


def _regnal(match: re.Match[str]) -> str:
    return f"{match['name']} the {ordinal(roman(match['roman']))}"


def _numbered(match: re.Match[str]) -> str:
    return f"{match['what']} {cardinal(roman(match['roman']))}"


_REGNAL = (
    "Henry Louis George Edward Charles Elizabeth William James Richard Pope Paul Francis Philip "
    "Alexander Catherine Frederick Napoleon Nicholas Pius Benedict"
).replace(" ", "|")

RULES: list[Rule] = [
    (
        re.compile(rf"\b(?P<name>(?:{_REGNAL})(?: Paul)?) (?P<roman>[IVX]{{1,6}})\b(?!['’])"),
        _regnal,
    ),
    (
        re.compile(
            r"\b(?P<what>[Cc]hapter|[Pp]art|[Vv]olume|[Ss]ection|War|[Aa]ct|[Ss]cene|[Pp]hase"
            r"|[Ll]evel|[Tt]ype|Article|Bowl) (?P<roman>[IVXL]{1,6})\b"
        ),
        _numbered,
    ),
    (re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])(?!\.\d)"), _address),
    (
        re.compile(r"(?<![\w.])(?P<v>[vV])?(?P<parts>\d{1,4}(?:\.\d{1,4}){2,4})(?![\w])(?!\.\d)"),
        _dotted,
    ),
    (
        re.compile(r"\b(?P<v>[vV])(?P<parts>\d{1,4}(?:\.\d{1,4}){0,4})\b(?!\.\d)"),
        _dotted,
    ),
    (
        re.compile(r"(?<![\w/])(?:24/7|24x7|9/11|50/50|20/20)(?![\w/])"),
        lambda match: " ".join(cardinal(int(part)) for part in re.split("[/x]", match.group())),
    ),
    (
        re.compile(
            r"(?<![\w/.,])(?P<over>\d{1,2}(?:\.\d)?)/(?P<of>5|10)(?= stars|(?! )\W|$| people)"
        ),
        _rating,
    ),
    (
        re.compile(
            r"\b(?P<what>(?:code|pin|passcode|password|reference|confirmation|account|order|ticket"
            r"|zip|id)(?: number| code| no\.)?(?: is|:)?) #?(?P<digits>\d{4,12})\b",
            re.IGNORECASE,
        ),
        _code,
    ),
    (re.compile(r"\b(?P<what>[Cc]all|[Dd]ial|[Tt]ext) (?P<digits>\d{3})\b(?!-)"), _code),
    (
        re.compile(r"(?<![\w.,])(?P<base>\d(?:\.\d+)?)[eE](?P<power>[-+]?\d{1,3})(?!\w)"),
        lambda m: f"{number(m['base'])} times ten to the power of {number(m['power'])}",
    ),
    (
        re.compile(rf"(?<![\w.,])(?P<low>{NUMBER}) ?x ?(?P<high>{NUMBER})(?!\w)"),
        lambda match: f"{number(match['low'])} by {number(match['high'])}",
    ),
    (
        re.compile(rf"(?<![\w.,])(?P<factor>{NUMBER})[x×](?![\w×])(?! ?\d)"),
        lambda match: f"{number(match['factor'])} times",
    ),
    (
        re.compile(r"(?<![\w.,])\d{1,2}(?:,\d{1,2})+(?![\w.]|,\d)"),
        lambda match: ", ".join(number(part) for part in match.group().split(",")),
    ),
    (
        re.compile(r"(?<!\w)(?P<lines>480|720|1080|1440|2160)(?P<kind>[pi])\b"),
        lambda match: f"{year(int(match['lines']))} {match['kind'].upper()}",
    ),
    (
        re.compile(
            r"(?<![\w/.,])(?:(?P<whole>\d+) )?(?P<over>\d{1,2})/(?P<under>\d{1,3})(?![\w/])"
        ),
        _fraction,
    ),
    (re.compile(r"(?<![\w/.,])(?P<low>\d{2,4})/(?P<high>\d{2,3})(?![\w/])"), _over),
    (re.compile(rf"(?:(?<![\w.])(?P<whole>\d+) ?)?(?P<part>[{''.join(_FRACTIONS)}])"), _glyph),
    (
        re.compile(r"(?<!\w)(?:(?P<long>1[1-9]\d0|20\d0)['’]?s|['’]?(?P<short>[2-9]0)['’]?s)\b"),
        _decade,
    ),
    (
        re.compile(
            r"(?<![\w.,])(?P<digits>\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th)\b", re.IGNORECASE
        ),
        lambda match: ordinal(int(match["digits"].replace(",", ""))),
    ),
    (
        re.compile(
            rf"(?<![\w.,/−–-])(?P<low>{NUMBER}) ?[–—-] ?(?P<high>{NUMBER})"
            r"(?![\w/−–-])(?!,\d|\.\d)"
        ),
        _range,
    ),
    (
        re.compile(r"(?<![\w:.])(?P<low>\d{1,4}):(?P<high>\d{1,4})(?![\w:])"),
        lambda match: f"{number(match['low'])} to {number(match['high'])}",
    ),
    (re.compile(r"(?<![\w.,$€£])(?<!\d-)\d{4}(?![\w%°])(?![.,]\d)"), _four_digits),
    (
        re.compile(rf"(?<![\w.,$€£])(?P<low>{NUMBER})\+(?=[\s,;.!?)]|$)"),
        lambda match: f"{number(match['low'])} plus",
    ),
    (
        re.compile(rf"(?:(?<![\w.,)])[-−+])?(?<![\w.,]){NUMBER}(?![^\W²³])|(?<!\w)\.\d+(?!\w)"),
        _plain,
    ),
]
