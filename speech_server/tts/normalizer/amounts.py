"""Money, percentages, temperatures and measures in English."""

import re

from speech_server.tts.normalizer.numbers import MAGNITUDES, NUMBER, cardinal, is_one, number
from speech_server.tts.normalizer.rules import Rule, constant

_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "US$": ("U S dollar", "U S dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "Rs. ": ("rupee", "rupees", "paisa", "paise"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
    "₿": ("bitcoin", "bitcoins", "", ""),
}
_CODES = {
    "USD": ("U S dollar", "U S dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "JPY": ("yen", "yen", "", ""),
    "CHF": ("Swiss franc", "Swiss francs", "", ""),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "AUD": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "INR": ("rupee", "rupees", "paisa", "paise"),
}
_SIGN = "|".join(re.escape(sign) for sign in sorted(_CURRENCIES, key=len, reverse=True))
_CODE = "|".join(_CODES)
_MAGNITUDE = r"(?: ?(?P<word>thousand|million|billion|trillion)\b| ?(?P<short>[kKmMbBtT]n?|MM)\b)?"

_UNITS = {
    "mm": "millimeter",
    "cm": "centimeter",
    "dm": "decimeter",
    "km": "kilometer",
    "mi": "mile",
    "yd": "yard",
    "ft": "foot",
    "nm": "nanometer",
    "µm": "micrometer",
    "μm": "micrometer",
    "mg": "milligram",
    "kg": "kilogram",
    "µg": "microgram",
    "mcg": "microgram",
    "in.": "inch",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "ml": "milliliter",
    "mL": "milliliter",
    "cl": "centiliter",
    "dl": "deciliter",
    "L": "liter",
    "l": "liter",
    "gal": "gallon",
    "tbsp": "tablespoon",
    "tsp": "teaspoon",
    "ms": "millisecond",
    "µs": "microsecond",
    "ns": "nanosecond",
    "sec": "second",
    "secs": "second",
    "min": "minute",
    "mins": "minute",
    "hr": "hour",
    "hrs": "hour",
    "h": "hour",
    "yr": "year",
    "yrs": "year",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "KB": "kilobyte",
    "kB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "PB": "petabyte",
    "kbps": "kilobit per second",
    "Mbps": "megabit per second",
    "Gbps": "gigabit per second",
    "W": "watt",
    "kW": "kilowatt",
    "MW": "megawatt",
    "kWh": "kilowatt hour",
    "mAh": "milliamp hour",
    "V": "volt",
    "kV": "kilovolt",
    "mA": "milliamp",
    "dB": "decibel",
    "kPa": "kilopascal",
    "hPa": "hectopascal",
    "psi": "P S I",
    "mph": "mile per hour",
    "kph": "kilometer per hour",
    "kmh": "kilometer per hour",
    "km/h": "kilometer per hour",
    "m/s": "meter per second",
    "ft/s": "foot per second",
    "mg/dL": "milligram per deciliter",
    "g/L": "gram per liter",
    "fps": "frame per second",
    "rpm": "R P M",
    "bpm": "beat per minute",
    "dpi": "D P I",
    "kcal": "kilocalorie",
    "cal": "calorie",
    "m²": "square meter",
    "m2": "square meter",
    "km²": "square kilometer",
    "km2": "square kilometer",
    "cm²": "square centimeter",
    "ft²": "square foot",
    "m³": "cubic meter",
    "m3": "cubic meter",
    "cm³": "cubic centimeter",
    "sq ft": "square foot",
    "sq. ft.": "square foot",
    "sq m": "square meter",
    "px": "pixel",
    "m": "meter",
    "g": "gram",
    "°C": "degree Celsius",
    "°F": "degree Fahrenheit",
    "℃": "degree Celsius",
    "℉": "degree Fahrenheit",
    "° C": "degree Celsius",
    "° F": "degree Fahrenheit",
    "°": "degree",
    "%": "percent",
    "‰": "per mille",
    "¢": "cent",
}
_SAME_PLURAL = frozenset(["hertz", "percent", "per mille", "P S I", "R P M", "D P I"])
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_PER = {
    "mo": "month",
    "month": "month",
    "yr": "year",
    "year": "year",
    "day": "day",
    "week": "week",
    "wk": "week",
    "hr": "hour",
    "h": "hour",
    "hour": "hour",
    "min": "minute",
    "minute": "minute",
    "sec": "second",
    "s": "second",
    "second": "second",
    "kg": "kilogram",
    "lb": "pound",
    "night": "night",
    "person": "person",
    "user": "user",
    "gallon": "gallon",
    "gal": "gallon",
}


def unit_words(unit: str, singular: bool) -> str:
    """Say a unit in the singular or the plural."""
    words = _UNITS[unit]
    if singular or words in _SAME_PLURAL or words.endswith("hertz"):
        return words
    head, per, rest = words.partition(" per ")
    if head.endswith("inch"):
        head += "es"
    elif head.endswith("foot"):
        head = head[:-4] + "feet"
    elif head.startswith("degree "):
        head = "degrees" + head[6:]
    else:
        head += "s"
    return head + per + rest


def money(
    text: str, currency: tuple[str, str, str, str], word: str | None, short: str | None
) -> str:
    """Say an amount: 1,234.56 dollars."""
    one, many, cent, cents = currency
    if word or short:
        scale = word or MAGNITUDES[(short or "").lower()]
        return f"{number(text)} {scale} {many}"
    whole, _, fraction = text.replace(",", "").partition(".")
    if fraction and (len(fraction) != 2 or not cent):
        return f"{number(text)} {many}"
    amount = int(whole or 0)
    parts: list[str] = []
    if amount or not int(fraction or 0):
        parts.append(f"{number(whole)} {one if amount == 1 else many}")
    if fraction and int(fraction):
        small = int(fraction)
        parts.append(f"{cardinal(small)} {cent if small == 1 else cents}")
    return " and ".join(parts)


def _bill(match: re.Match[str]) -> str:
    """Say a $5 bill: what describes a noun stands in the singular."""
    scale = f" {match['word']}" if match["word"] else ""
    return f"{number(match['amount'])}{scale} {_CURRENCIES[match['sign']][0]}"


def _inches(match: re.Match[str]) -> str | None:
    """Read a mark as inches where it closes no quotation."""
    if match["mark"] == '"' and match.string[: match.start()].count('"') % 2:
        return None
    before_noun = match.string[match.end() : match.end() + 1] == " " and match["mark"]
    single = bool(before_noun) or is_one(match["amount"])
    return f"{number(match['amount'])} {unit_words('in.', single)}"


def _feet_inches(match: re.Match[str]) -> str:
    feet, inches = match["feet"], match["inches"]
    return (
        f"{number(feet)} {unit_words('ft', is_one(feet))} "
        f"{number(inches)} {unit_words('in.', is_one(inches))}"
    )


def _before(match: re.Match[str]) -> str:
    currency = _CURRENCIES[match["sign"]]
    minus = "minus " if match["minus"] else ""
    low = f"{number(match['low'])} to " if match["low"] else ""
    return minus + low + money(match["amount"], currency, match["word"], match["short"])


def _after(match: re.Match[str]) -> str:
    code = match["code"]
    currency = _CODES[code] if code in _CODES else _CURRENCIES[code]
    return money(match["amount"], currency, match["word"], match["short"])


def _measure(match: re.Match[str]) -> str:
    amount, unit = match["amount"], match["unit"]
    spoken = number(amount)
    if match["low"]:
        spoken = f"{number(match['low'])} {'by' if match['between'] in 'x×' else 'to'} {spoken}"
    single = is_one(amount) and not match["low"]
    return f"{spoken} {unit_words(unit, single)}"


def _magnitude(match: re.Match[str]) -> str:
    if match.group() in ("2K", "4K", "5K", "8K"):  # pictures and runs, not thousands
        return f"{number(match['amount'])} K"
    return f"{number(match['amount'])} {MAGNITUDES[match['short'].lower()]}"


def _duration(match: re.Match[str]) -> str:
    hours, minutes = match["hours"], match["minutes"]
    spoken = f"{number(hours)} {'hour' if hours == '1' else 'hours'}"
    return f"{spoken} {number(minutes)} {'minute' if minutes == '1' else 'minutes'}"


def _height(match: re.Match[str]) -> str:
    feet = f"{cardinal(int(match['feet']))} {'foot' if match['feet'] == '1' else 'feet'}"
    return f"{feet} {cardinal(int(match['inches']))}" if match["inches"] else feet


_LOW = rf"(?:(?P<low>[-−]?{NUMBER}) ?(?P<between>[-–—x×]|to) ?)?"

RULES: list[Rule] = [
    (re.compile(rf"(?<!\S)~ ?(?=(?:{_SIGN})?\d)"), constant("about ")),
    (
        re.compile(rf"(?<![\w<])< ?(?=(?:{_SIGN})?\d)(?<![\w)] <)(?<![\w)] < )"),
        constant("less than "),
    ),
    (
        re.compile(rf"(?<![\w>])> ?(?=(?:{_SIGN})?\d)(?<![\w)] >)(?<![\w)] > )"),
        constant("more than "),
    ),
    (
        re.compile(
            rf"(?<=\b[Aa] )(?P<sign>{_SIGN})(?P<amount>\d{{1,3}}(?:,\d{{3}})*)"
            rf"(?: (?P<word>thousand|million|billion))?(?= (?!off\b|per\b|an?\b|and\b|to\b)[a-z])"
        ),
        _bill,
    ),
    (
        re.compile(
            r"(?<![\w.,])(?P<feet>\d{1,3}) ?(?:ft|feet)\.? (?P<inches>\d{1,2}) ?in(?:\.(?!$)|\b)"
        ),
        _feet_inches,
    ),
    (
        re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER}) s(?=[\s,.;!?)]|$)(?!['’])"),
        lambda match: (
            f"{number(match['amount'])} {'second' if is_one(match['amount']) else 'seconds'}"
        ),
    ),
    (
        re.compile(
            rf"(?<![\w$€£.,])(?P<minus>[-−])?(?P<sign>{_SIGN}) ?"
            rf"(?:(?P<low>{NUMBER}) ?[-–—] ?(?:{_SIGN})?)?"
            rf"(?P<amount>{NUMBER}|\.\d\d){_MAGNITUDE}"
            rf"(?![\w])(?![.,]\d)"
        ),
        _before,
    ),
    (
        re.compile(rf"(?<![\w.,])(?P<amount>{NUMBER}){_MAGNITUDE} ?(?P<code>{_CODE}|[€£¥₹])(?!\w)"),
        _after,
    ),
    (
        re.compile(rf"\b(?P<code>{_CODE}) ?(?P<amount>{NUMBER}){_MAGNITUDE}(?!\w)"),
        _after,
    ),
    (
        re.compile(r"(?<![\w.,])(?P<hours>\d{1,3}) ?h ?(?P<minutes>\d{1,2}) ?m(?:in)?\b"),
        _duration,
    ),
    (re.compile(r"(?<![\w'’])(?P<feet>\d)['’′] ?(?:(?P<inches>\d{1,2})[\"”″])(?!\w)"), _height),
    (
        re.compile(
            rf"(?<![\w.,])(?P<amount>{NUMBER})(?:(?P<mark>[\"”″])(?= [a-z]|-|$)"
            r"| ?in\.?(?= (?:tall|long|wide|deep|high|thick)\b))"
        ),
        _inches,
    ),
    (
        re.compile(
            rf"(?<![\w.,/]){_LOW}"
            rf"(?P<amount>(?:(?<!\d)[-−+])?{NUMBER})[ -]?(?P<unit>{_UNIT})(?![\w²³])"
            rf"(?!['’]\w)(?:\.(?=,|\s+[a-z]))?"
        ),
        _measure,
    ),
    (
        re.compile(
            rf"(?<![\w.,])(?P<amount>{NUMBER}) ?(?P<short>[kKM]|bn|mn|B(?= [a-z]))\b(?!['’])"
        ),
        _magnitude,
    ),
    (
        re.compile(
            rf"(?<=[\w%€£])(?<!\bkm)/(?P<per>{'|'.join(sorted(_PER, key=len, reverse=True))})\b"
        ),
        lambda match: f"per {_PER[match['per']]}",
    ),
]
