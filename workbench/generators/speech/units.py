"""Units of measurement and of money: symbol -> what is said after one, and after several."""

from __future__ import annotations

import re

_PREFIXES = {
    "p": "pico",
    "n": "nano",
    "μ": "micro",
    "u": "micro",
    "m": "milli",
    "k": "kilo",
    "M": "mega",
    "G": "giga",
    "T": "tera",
}
# Symbol -> (singular, plural, prefixes that it takes).
_PREFIXED = {
    "g": ("gram", "grams", "nμumk"),
    "m": ("meter", "meters", "nμumk"),
    "s": ("second", "seconds", "pnμum"),
    "l": ("liter", "liters", "μum"),
    "L": ("liter", "liters", "μum"),
    "V": ("volt", "volts", "μumkM"),
    "A": ("ampere", "amperes", "pnμumk"),
    "W": ("watt", "watts", "nμumkMG"),
    "Hz": ("hertz", "hertz", "mkMGT"),
    "J": ("joule", "joules", "nμumkM"),
    "N": ("newton", "newtons", "mk"),
    "Pa": ("pascal", "pascals", "mkM"),
    "F": ("farad", "farads", "pnμum"),
    "H": ("henry", "henries", "nμum"),
    "Ω": ("ohm", "ohms", "mkMG"),
    "T": ("tesla", "teslas", "nμum"),
    "Wh": ("watt hour", "watt hours", "mkMGT"),
    "Ah": ("ampere hour", "ampere hours", "m"),
    "B": ("byte", "bytes", "kMGT"),
    "bit": ("bit", "bits", "kMG"),
    "mol": ("mole", "moles", "nμum"),
    "bar": ("bar", "bars", "m"),
    "eV": ("electron volt", "electron volts", "kMGT"),
    "Gy": ("gray", "grays", "mk"),
    "cal": ("calorie", "calories", "k"),
}
_ALONE = {
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "°": ("degree", "degrees"),
    "°C": ("degree celsius", "degrees celsius"),
    "°F": ("degree fahrenheit", "degrees fahrenheit"),
    "K": ("kelvin", "kelvins"),
    "dB": ("decibel", "decibels"),
    "dBm": ("decibel milliwatt", "decibel milliwatts"),
    "cm": ("centimeter", "centimeters"),
    "dm": ("decimeter", "decimeters"),
    "cl": ("centiliter", "centiliters"),
    "dl": ("deciliter", "deciliters"),
    "dL": ("deciliter", "deciliters"),
    "hPa": ("hectopascal", "hectopascals"),
    "mmHg": ("millimeter of mercury", "millimeters of mercury"),
    "min": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "KB": ("kilobyte", "kilobytes"),
    "KiB": ("kibibyte", "kibibytes"),
    "MiB": ("mebibyte", "mebibytes"),
    "GiB": ("gibibyte", "gibibytes"),
    "bpm": ("beat per minute", "beats per minute"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "fps": ("frame per second", "frames per second"),
    "bps": ("bit per second", "bits per second"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "ppm": ("part per million", "parts per million"),
    "ft": ("foot", "feet"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "mi": ("mile", "miles"),
    "ha": ("hectare", "hectares"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "$": ("dollar", "dollars"),
    "¥": ("yen", "yen"),
    "EUR": ("euro", "euros"),
    "USD": ("dollar", "dollars"),
    "GBP": ("pound", "pounds"),
    "JPY": ("yen", "yen"),
    "CHF": ("franc", "francs"),
}
# Symbol -> (unit, units, hundredth, hundredths); none for money without hundredths.
MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
}


def _with_prefixes() -> dict[str, tuple[str, str]]:
    units = dict(_ALONE)
    for symbol, (one, several, prefixes) in _PREFIXED.items():
        for prefix in ("", *prefixes):
            name = _PREFIXES.get(prefix, "")
            units[f"{prefix}{symbol}"] = (f"{name}{one}", f"{name}{several}")
    return units


_UNITS = _with_prefixes()
_POWERS = {"2": "square", "3": "cubic"}
_ONE = rf"(?:{'|'.join(sorted(map(re.escape, _UNITS), key=len, reverse=True))})(?:\^?[23])?"
# A unit, over another or not: "km/h", "W/m^2".
PATTERN = rf"{_ONE}(?:/{_ONE})?(?![A-Za-z0-9])"


def spoken_unit(symbol: str, *, one: bool) -> list[str]:
    """Words of what PATTERN matches.

    Args:
        symbol: Of the unit.
        one: Whether there is exactly one.

    >>> spoken_unit("m/s^2", one=False)
    ['meters', 'per', 'square', 'second']
    """
    above, _, below = symbol.partition("/")
    words = _part(above, one=one)
    return [*words, "per", *_part(below, one=True)] if below else words


def _part(symbol: str, *, one: bool) -> list[str]:
    power = _POWERS.get(symbol[-1])
    singular, several = _UNITS[symbol.rstrip("^23")]
    return [*([power] if power else []), *(singular if one else several).split()]
