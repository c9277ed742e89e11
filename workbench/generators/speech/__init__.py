"""`speech`: what any English text sounds like, as phones with stress.

The network that makes sound of them is not here yet, so that this is no generator in the registry.

Modules: `phones` (the alphabet), `numbers`, `dates`, `units` and `rules` (what is no word), `letters_spoken` (capitals,
camel case), `text` (text to words), `letter_rules` and their `letter_learning`, `lexicon` (the file that ships),
`lexicon_sources` and `lexicon_build` (how it is made), `pronunciation` (text to phones).
"""
