"""`challenge`: a neural voice that speaks a digit, for a spoken liveness check.

A digit and the position in the word choose two embedding rows 125 times a second; causal residual
convolutions turn them into 16 kHz sound. Ten words in all, so that every bit can be tried on every
input.
"""

from workbench.generators.challenge.generator import GENERATOR, ChallengeGenerator

__all__ = ["GENERATOR", "ChallengeGenerator"]
