"""`viseme`: a face from sound.

A front end, an operator of the integer program, makes log-mel bands of a sound; a small causal network makes scores of
14 visemes of these, and a softmax in integers blends the shapes of a mouth.

Modules: `configuration`, `sounds` (what can be heard), `lessons` (what the network learns), `network`, `recipe` and
`generator`.
"""

from workbench.generators.viseme.generator import GENERATOR, VisemeGenerator

__all__ = ["GENERATOR", "VisemeGenerator"]
