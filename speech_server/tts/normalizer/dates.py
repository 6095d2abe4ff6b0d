"""Dates and times of day in English."""

import re

from speech_server.tts.normalizer.numbers import cardinal, ordinal, year
from speech_server.tts.normalizer.rules import Rule, full_stop

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_BY_LETTERS = {name[:3].lower(): name for name in MONTHS}
DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "tues": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "thur": "Thursday",
    "thurs": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
MONTH = (
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November"
    r"|December|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.?)"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>[12]\d{3})"


def month_name(text: str) -> str:
    """Give the whole name of a month."""
    return _BY_LETTERS[text[:3].lower()]


def _date(month: str, day: int, when: str | None) -> str | None:
    if not 1 <= day <= 31:
        return None
    spoken = f"{month} {ordinal(day)}"
    return f"{spoken}, {year(int(when))}" if when else spoken


def _month_day(match: re.Match[str]) -> str | None:
    return _date(month_name(match["month"]), int(match["day"]), match["year"])


def _day_month(match: re.Match[str]) -> str | None:
    day = int(match["day"])
    if not 1 <= day <= 31:
        return None
    the = "" if match["the"] else "the "
    spoken = f"{match['the'] or ''}{the}{ordinal(day)} of {month_name(match['month'])}"
    return f"{spoken}, {year(int(match['year']))}" if match["year"] else spoken


def _month_year(match: re.Match[str]) -> str:
    return f"{month_name(match['month'])} {year(int(match['year']))}"


def _iso(match: re.Match[str]) -> str | None:
    month, day = int(match["month"]), int(match["day"])
    return _date(MONTHS[month - 1], day, match["year"]) if 1 <= month <= 12 else None


def _slashed(match: re.Match[str]) -> str | None:
    """Read 3/14/2024 in the American order, and 14/3/2024 in the only one that it can have."""
    month, day, when = int(match["one"]), int(match["two"]), match["year"]
    if month > 12 >= day:
        month, day = day, month
    if not 1 <= month <= 12:
        return None
    if len(when) == 2:
        when = ("20" if int(when) < 70 else "19") + when
    return _date(MONTHS[month - 1], day, when)


def clock(hour: int, minute: int) -> str:
    """Say a time of day with half of it named: 9:05 is nine oh five."""
    if not minute:
        return cardinal(hour)
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"


def _short(match: re.Match[str]) -> str | None:
    """Read 12/25 as a day where it is one."""
    month, day = int(match["one"]), int(match["two"])
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    return _date(MONTHS[month - 1], day, None)


def _clock(match: re.Match[str]) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 24 or minute > 59 or (match["second"] and int(match["second"]) > 59):
        return None
    half = match["half"]
    spoken = cardinal(hour)
    if minute or (match["minute"] and match["second"]):
        spoken += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half:
        if hour == 0:
            spoken = "midnight"
        elif hour <= 12:
            spoken += " o'clock"
        else:
            spoken += " hundred"
    if match["second"]:
        seconds = int(match["second"])
        spoken += f" and {cardinal(seconds)} second{'' if seconds == 1 else 's'}"
    if half:
        spoken += (" A M" if half[0] in "aA" else " P M") + full_stop(match)
    return spoken


def _half_day(match: re.Match[str]) -> str | None:
    hour = int(match["hour"])
    if not 1 <= hour <= 12:
        return None
    return f"{cardinal(hour)} {'A' if match['half'][0] in 'aA' else 'P'} M" + full_stop(match)


def _weekday(match: re.Match[str]) -> str:
    return DAYS[match["weekday"].lower()]


HALF = r"(?P<half>[aApP]\.[mM]\.|[aApP][mM]\b)"

RULES: list[Rule] = [
    (re.compile(rf"(?<![\w-]){_YEAR}-(?P<month>\d{{2}})-(?P<day>\d{{2}})(?![\w-])"), _iso),
    (
        re.compile(r"(?<![\w/])(?P<one>\d{1,2})/(?P<two>\d{1,2})/(?P<year>\d{4}|\d{2})(?![\w/])"),
        _slashed,
    ),
    (
        re.compile(
            r"(?:(?<=\bon )|(?<=\bby )|(?<=\buntil )|(?<=\bsince )|(?<=\bdue ))"
            r"(?P<one>\d{1,2})/(?P<two>\d{1,2})(?![\w/])"
        ),
        _short,
    ),
    (re.compile(r"(?<![\w/.,])(?P<one>1[0-2])/(?P<two>1[3-9]|2\d|3[01])(?![\w/])"), _short),
    (
        re.compile(
            rf"\b(?P<weekday>Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?"
            rf"(?=,? (?:{MONTH.replace('?P<month>', '?:')}|\d|at\b))"
        ),
        _weekday,
    ),
    (re.compile(rf"\b{MONTH} {_DAY}(?:,? {_YEAR})?(?![\w:/%]|[.,]\d)"), _month_day),
    (
        re.compile(
            rf"(?P<the>\b[Tt]he )?(?<![\w.,:/-]){_DAY}(?: of)? {MONTH}(?:,? {_YEAR})?(?!\w)"
        ),
        _day_month,
    ),
    (re.compile(rf"\b{MONTH},? {_YEAR}(?!\w)"), _month_year),
    (
        re.compile(
            rf"(?<![\w:.])(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}}))?"
            rf"(?: ?{HALF})?(?![\w:])"
        ),
        _clock,
    ),
    (re.compile(rf"(?<![\w:.])(?P<hour>\d{{1,2}}) ?{HALF}(?!\w)"), _half_day),
]
