"""From one to another in English: days, weekdays, times of day, shares."""

import re

from speech_server.tts.normalizer.dates import DAYS, HALF, MONTH, clock, month_name
from speech_server.tts.normalizer.numbers import NUMBER, cardinal, number, ordinal, year
from speech_server.tts.normalizer.rules import Rule, constant, full_stop

_DASH = "[-–—]"
_WEEKDAY = r"(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)(?:\.|(?!\w))"


def _days(match: re.Match[str]) -> str | None:
    first, last = int(match["first"]), int(match["last"])
    if not 1 <= first <= 31 or not 1 <= last <= 31:
        return None
    spoken = f"{month_name(match['month'])} {ordinal(first)} to {ordinal(last)}"
    return f"{spoken}, {year(int(match['year']))}" if match["year"] else spoken


def _places(match: re.Match[str]) -> str:
    return f"{ordinal(int(match['first']))} to {ordinal(int(match['last']))}"


def _weekdays(match: re.Match[str]) -> str:
    words = {"-": "to", "–": "to", "—": "to", "&": "and"}
    return f"{_weekday(match['first'])} {words[match['sign']]} {_weekday(match['last'])}"


def _weekday(text: str) -> str:
    return DAYS[text.rstrip(".").lower()]


def _times(match: re.Match[str]) -> str | None:
    """Say 9-11 AM: the half of the day is told once, and no "o'clock" with it."""
    begin, end = match["first"], match["last"]
    hours = [int(part.split(":")[0]) for part in (begin, end)]
    minutes = [int(part.split(":")[1]) if ":" in part else 0 for part in (begin, end)]
    if not all(1 <= hour <= 12 for hour in hours) or max(minutes) > 59:
        return None
    half = f"{match['half'][0].upper()} M"
    spoken = [clock(hour, minute) for hour, minute in zip(hours, minutes, strict=True)]
    return f"{spoken[0]} to {spoken[1]} {half}" + full_stop(match)


def _percents(match: re.Match[str]) -> str:
    return f"{number(match['first'])} to {number(match['last'])} percent"


def _years(match: re.Match[str]) -> str | None:
    first, last = int(match["first"]), int(match["last"])
    if last <= first % 100:
        return None
    return f"{year(first)} to {cardinal(last)}"


_CLOCK = r"\d{1,2}(?::\d{2})?"

RULES: list[Rule] = [
    (
        re.compile(
            rf"\b{MONTH} (?P<first>\d{{1,2}}) ?{_DASH} ?(?P<last>\d{{1,2}})"
            r"(?:,? (?P<year>[12]\d{3}))?(?![\w:/%]|[.,]\d)"
        ),
        _days,
    ),
    (
        re.compile(
            rf"(?<!\w)(?P<first>\d{{1,3}})(?:st|nd|rd|th) ?{_DASH} ?"
            r"(?P<last>\d{1,3})(?:st|nd|rd|th)\b"
        ),
        _places,
    ),
    (
        re.compile(
            rf"\b(?P<first>{_WEEKDAY}) ?(?P<sign>[-–—&]) ?(?P<last>{_WEEKDAY})"
            r"(?=[\s,;:.!?)]|$)"
        ),
        _weekdays,
    ),
    (
        re.compile(
            rf"(?<![\w:.])(?P<first>{_CLOCK}) ?(?:{_DASH}|to) ?(?P<last>{_CLOCK}) ?{HALF}(?!\w)"
        ),
        _times,
    ),
    # Between two times that are told whole.
    (
        re.compile(rf"(?<=[aApP][mM]) ?{_DASH} ?(?=\d)|(?<=[aApP]\.[mM]\.) ?{_DASH} ?(?=\d)"),
        constant(" to "),
    ),
    (re.compile(rf"(?<=:\d\d){_DASH}(?=\d{{1,2}}:)"), constant(" to ")),
    (
        re.compile(rf"(?<![\w.,-])(?P<first>{NUMBER}) ?% ?{_DASH} ?(?P<last>{NUMBER}) ?%"),
        _percents,
    ),
    (
        re.compile(rf"(?<![\w.,/–-])(?P<first>(?:1[5-9]|20)\d\d){_DASH}(?P<last>\d\d)(?![\w/–-])"),
        _years,
    ),
]
