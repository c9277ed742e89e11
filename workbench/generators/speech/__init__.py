"""`speech`: what any English text sounds like, as phones with stress.

The network that makes sound of them is not here yet, so that this is no generator in the registry.

Modules: `phones` (the alphabet) and `possessive`; `text` (text to `tokens`) with `folding`, `numbers`, `dates`, `units`,
`measured` and `abbreviations`; `lexicon` (the file that ships) with `letter_rules` for words that it has not, and
`letter_quality`; `lexicon_sources`, `lexicon_build` and `letter_learning` (how it is made); `pronunciation`, which
joins all of this; `alignments`, `durations` and `duration_fit` (how long phones last).
"""
