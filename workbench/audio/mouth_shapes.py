"""Visemes and blendshapes: which phones look alike, and what a mouth does for each class.

Reference: classes of phones that cannot be told apart by sight, after Fisher 1968, https://doi.org/10.1044/jshr.1104.796;
the five shapes are a subset of those that face trackers use.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

BLENDSHAPES = ("jaw_open", "lips_closed", "lips_round", "lips_wide", "teeth_on_lip")
SHAPE_EXPONENT = -7
# Class -> its phones (ARPAbet without stress), and how far each of BLENDSHAPES goes, 0 to 1.
_CLASSES: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "silence": (("SIL",), (0.0, 0.2, 0.0, 0.0, 0.0)),
    "p b m": (("P", "B", "M"), (0.0, 0.95, 0.0, 0.0, 0.0)),
    "f v": (("F", "V"), (0.1, 0.2, 0.0, 0.1, 0.95)),
    "th": (("TH", "DH"), (0.2, 0.0, 0.0, 0.2, 0.2)),
    "t d n l": (("T", "D", "N", "L"), (0.2, 0.0, 0.0, 0.3, 0.0)),
    "s z": (("S", "Z"), (0.05, 0.0, 0.0, 0.5, 0.0)),
    "sh ch": (("SH", "CH", "JH", "ZH"), (0.15, 0.0, 0.6, 0.0, 0.0)),
    "k g h": (("K", "G", "NG", "HH", "Y"), (0.3, 0.0, 0.0, 0.2, 0.0)),
    "r": (("R", "ER"), (0.25, 0.0, 0.4, 0.0, 0.0)),
    "ah": (("AA", "AH", "AY", "AW"), (0.9, 0.0, 0.0, 0.2, 0.0)),
    "eh": (("EH", "AE", "EY"), (0.6, 0.0, 0.0, 0.5, 0.0)),
    "ee": (("IH", "IY"), (0.3, 0.0, 0.0, 0.8, 0.0)),
    "oh": (("AO", "OW", "OY"), (0.6, 0.0, 0.8, 0.0, 0.0)),
    "oo": (("UW", "UH", "W"), (0.25, 0.1, 0.95, 0.0, 0.0)),
}
VISEMES = tuple(_CLASSES)
SILENCE = VISEMES.index("silence")
# Phone without stress -> number of its class.
VISEME_OF = MappingProxyType(
    {phone: number for number, (phones, _) in enumerate(_CLASSES.values()) for phone in phones}
)


def shape_codes() -> np.ndarray:
    """What the mouth does for each class, int8 [14, 5] in steps of 2**-7."""
    shapes = np.array([shape for _, shape in _CLASSES.values()])
    return np.rint(np.ldexp(shapes, -SHAPE_EXPONENT)).astype(np.int8)
