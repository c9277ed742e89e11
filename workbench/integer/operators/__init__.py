"""The operators of integer programs, one a file, and their registry by kind."""

from workbench.integer.operators.add import Add
from workbench.integer.operators.blend import Blend
from workbench.integer.operators.concat import Concat
from workbench.integer.operators.conv import Conv
from workbench.integer.operators.embed import Embed
from workbench.integer.operators.melbands import MelBands
from workbench.integer.operators.operator import Operator, StateTensor
from workbench.integer.operators.pruned import PrunedConv
from workbench.integer.operators.rescale import Rescale
from workbench.integer.operators.synthesis import Synthesis
from workbench.integer.operators.table import Table

__all__ = [
    "OPERATORS",
    "Add",
    "Blend",
    "Concat",
    "Conv",
    "Embed",
    "MelBands",
    "Operator",
    "PrunedConv",
    "Rescale",
    "StateTensor",
    "Synthesis",
    "Table",
]

# Kind in files and in C -> class.
OPERATORS: dict[str, type[Operator]] = {
    kind.__name__.lower(): kind
    for kind in (Conv, Add, Rescale, Table, Embed, Concat, Synthesis, MelBands, Blend, PrunedConv)
}
