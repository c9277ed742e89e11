"""Short forms with a full stop, symbols, and capitals that are said as a word."""

from __future__ import annotations

# Before a full stop, which belongs to them.
ABBREVIATIONS = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "prof": "professor", "sr": "senior", "jr": "junior",
    "vs": "versus", "approx": "approximately", "etc": "et cetera", "inc": "incorporated", "co": "company",
    "ltd": "limited", "dept": "department", "fig": "figure", "figs": "figures", "eq": "equation",
    "max": "maximum", "temp": "temperature", "avg": "average", "ave": "avenue", "est": "estimated",
    "gen": "general", "gov": "governor", "sgt": "sergeant", "capt": "captain", "lt": "lieutenant",
    "ca": "circa", "resp": "respectively", "vol": "volume", "pp": "pages", "ed": "edition",
    "jan": "january", "feb": "february", "apr": "april", "aug": "august", "sept": "september",
    "oct": "october", "nov": "november", "dec": "december", "mon": "monday", "tue": "tuesday",
    "tues": "tuesday", "wed": "wednesday", "thu": "thursday", "thurs": "thursday", "fri": "friday",
}  # fmt: skip
# The same, where a digit follows.
BEFORE_NUMBERS = {
    "no": "number", "nos": "numbers", "p": "page", "ch": "chapter", "sec": "section", "min": "minimum",
}  # fmt: skip
# Before a name, and elsewhere.
TITLES = {"dr": ("doctor", "drive"), "st": ("saint", "street"), "mt": ("mount", "mountain")}
LATIN = {"e.g.": "for example", "i.e.": "that is", "a.k.a.": "also known as"}
# Said where they stand; "" for nothing at all.
SYMBOLS = {
    "&": "and", "+": "plus", "@": "at", "=": "equals", "×": "times", "÷": "divided by",
    "±": "plus or minus", "<": "less than", ">": "greater than", "≤": "at most", "≥": "at least",
    "≈": "about", "°": "degrees", "%": "percent", "§": "section", "©": "copyright", "€": "euros",
    "£": "pounds", "$": "dollars", "¥": "yen", "‰": "per mille", "μ": "micro", "Ω": "ohm", "#": "number",
}  # fmt: skip
# Capitals of two or three letters that are a word and no abbreviation.
SHORT_WORDS = frozenset({
    "ok", "ram", "rom", "pin", "sim", "gif", "bug", "off", "on", "in", "to", "at", "no",
    "go", "up", "out", "not", "and", "the", "you", "yes", "all", "any", "new", "now", "for",
    "but", "are", "was", "can", "may", "get", "set", "run", "see", "old", "one", "two",
    "six", "ten", "hot", "low", "eat", "add", "day", "end", "mid",
})  # fmt: skip
