"""Web addresses, e-mail addresses and telephone numbers, as one would dictate them."""

import re

from speech_server.tts.normalizer.numbers import DIGITS, cardinal, digits
from speech_server.tts.normalizer.rules import Rule

_MARKS = {
    ".": "dot",
    "/": "slash",
    "-": "dash",
    "_": "underscore",
    ":": "colon",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "%": "percent",
    "+": "plus",
    "~": "tilde",
    "@": "at",
    ",": "comma",
}
_DOMAINS = (
    "com|org|net|edu|gov|io|ai|dev|app|co|uk|de|fr|eu|us|info|biz|me|tv|ca|au|ch|nl|at|it|es|jp|cn"
)
_SPELLED = frozenset(
    ["www", "http", "https", "ftp", "io", "ai", "tv", "uk", "us", "eu", "html", "php", "api", "faq"]
) - {"io"}
_PART = re.compile(r"[A-Za-z]+|\d+|.")


def dictate(text: str) -> str:
    """Say an address part by part: letters as words, marks by their names."""
    spoken: list[str] = []
    for part in _PART.findall(text):
        if part.isdigit():
            spoken.append(cardinal(int(part)) if len(part) < 3 and part[0] != "0" else digits(part))
        elif part.isalpha():
            lower = part.lower()
            spell = lower in _SPELLED or not re.search("[aeiouy]", lower)
            spoken.append(" ".join(part.upper()) if spell and lower != "com" else part)
        elif part in _MARKS:
            spoken.append(_MARKS[part])
    return " ".join(spoken)


def _url(match: re.Match[str]) -> str:
    text = match["rest"].rstrip("/")
    return dictate(text)


def _mail(match: re.Match[str]) -> str:
    return dictate(match.group())


def _phone(match: re.Match[str]) -> str | None:
    text = match.group()
    groups = re.findall(r"\d+", text)
    count = sum(map(len, groups))
    plus = text.lstrip("(").startswith("+")
    if not (7 <= count <= 15) or (not plus and count in (8, 9) and len(groups) < 3):
        return None
    spoken = ", ".join(_group(group) for group in groups)
    return ("plus " if plus else "") + spoken


def _group(text: str) -> str:
    if text == "800":
        return "eight hundred"
    if len(text) > 4:  # read in threes, the last one in four
        parts = [text[i : i + 3] for i in range(0, len(text), 3)]
        if len(parts) > 1 and len(parts[-1]) == 1:
            parts[-2:] = [parts[-2] + parts[-1]]
        return ", ".join(" ".join(DIGITS[int(char)] for char in part) for part in parts)
    return " ".join(DIGITS[int(char)] for char in text)


def _extension(match: re.Match[str]) -> str:
    return f"extension {digits(match['number'])}"


def _path(match: re.Match[str]) -> str:
    return dictate(match.group())


RULES: list[Rule] = [
    (re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,64}(?:\.[A-Za-z0-9-]{1,24}){1,4}"), _mail),
    (
        re.compile(
            r"\b(?:https?|ftp)://(?P<rest>[^\s<>()\[\]\"'“”]{1,300}[^\s<>()\[\]\"'“”.,;:!?*_])"
        ),
        _url,
    ),
    (
        re.compile(
            rf"(?<![\w@.-])(?P<rest>(?:[A-Za-z0-9-]{{1,40}}\.){{1,4}}(?:{_DOMAINS})"
            r"(?:/[^\s<>()\[\]\"'“”]{0,200}[^\s<>()\[\]\"'“”.,;:!?*_])?/?)(?![\w@-])"
        ),
        _url,
    ),
    (
        re.compile(
            r"(?<![\w.,$€£/+(-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{3,4}[ .-])"
            r"\d{3}[ .-]\d{4}(?![\w-])(?![.,]\d)"
        ),
        _phone,
    ),
    (re.compile(r"(?<![\w.,-])1[ .-]\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w-])"), _phone),
    (re.compile(r"(?<![\w.,])0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,4}(?![\w-])"), _phone),
    (re.compile(r"(?<![\w.,])\+\d{1,3}(?:[ .-]?\(?\d{1,5}\)?){2,6}(?![\w-])"), _phone),
    (re.compile(r"(?<![\w.,$€£-])\d{3}-\d{4}(?![\w-])"), _phone),
    (re.compile(r"(?<![\w.,$€£])\d{10}(?![\w%])(?![.,]\d)"), _phone),
    (re.compile(r"\b(?:ext\.?|extension) ?(?P<number>\d{1,6})\b", re.IGNORECASE), _extension),
    (re.compile(r"(?<![\w/.])(?:~|\.{1,2})?(?:/[\w.-]{1,60}){2,12}/?(?<![.,])"), _path),
]
