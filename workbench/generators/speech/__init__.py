"""`speech`: a neural voice that says any English text.

A text becomes phones with stress, these get durations, and a small network turns phones and places in them into the
controls of a synthesiser, which is an operator of the integer program.

Modules: `phones` (the alphabet) and `possessive`; `text` (text to `tokens`) with `folding`, `numbers`, `dates`, `units`,
`measured` and `abbreviations`; `lexicon` (the file that ships) with `letter_rules` for words that it has not, and
`letter_quality`; `lexicon_sources`, `lexicon_build` and `letter_learning` (how it is made); `pronunciation`, which
joins all of this; `durations` with `alignments` and `duration_fit` (how they are learnt); `timeline`; `prompts` and
`lessons` (what the network learns); `configuration`, `network`, `recipe` and `generator`.
"""

from workbench.generators.speech.generator import GENERATOR, SpeechGenerator

__all__ = ["GENERATOR", "SpeechGenerator"]
