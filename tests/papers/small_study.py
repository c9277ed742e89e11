"""A study that takes seconds, with every kind of experiment, table and figure that needs no emulator."""

SMALL = """
title = "A small study"
question = "Does it work?"
seed = 3

[models]
int8 = "challenge"

[[data]]
name = "flips"
kind = "campaign"
by = ["", "section", "section bit"]
utterances = ["3", "7"]
quick = { faults = ["flips=2", "flips=40"], trials = 40 }
full = { faults = ["each=flip"], section = "no such option" }

[[data]]
name = "fleets"
kind = "comparison"
quick = { devices = 3, words = 2, environments = ["single", "ber"], strategies = ["none", "crc-scrub"] }

[[table]]
name = "all"
data = "flips"
rows = "size"
columns = "measure"
keep = { size = ["2", "40"], measure = ["masked", "transparent", "broken", "harm"] }
titles = { size = "flipped bits" }
caption = "Shares & harm, 95 % intervals."

[[table]]
name = "left"
data = "fleets"
rows = "strategy"
columns = "environment"
keep = { measure = ["harm"] }
caption = "Harm."

[[figure]]
name = "bars"
data = "flips"
kind = "bars"
x = "section"
series = "size"
y = "harm"
log = ["y"]
caption = "Bars."

[[figure]]
name = "curve"
data = "flips"
kind = "curve"
x = "size"
series = "model"
y = "broken"
caption = "A curve."

[[figure]]
name = "map"
data = "flips"
kind = "map"
x = "bit"
series = "section"
y = "harm"
keep = { size = ["40"] }
caption = "A map."

[[figure]]
name = "points"
data = "fleets"
kind = "points"
x = "left"
y = "harm"
series = "strategy"
keep = { environment = ["ber"] }
caption = "Points."
"""
