"""Detection of altered layers: replaced methods, hooks, parametrisations, overrides.

Lowering takes a layer by its meaning, so whatever changes the meaning is refused by name. Looked at
are the module as it was given, before it is copied, and the classes as they were when this was imported.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import torch
from torch import fx, nn
from torch.nn.modules import module as torch_module
from torch.nn.utils import parametrize, prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from workbench.integer.lowering.values import refusal

# What a class may define without changing what its layers compute, and which special methods change it.
_HARMLESS = {
    "_get_name", "_load_from_state_dict", "_save_to_state_dict", "extra_repr", "load_state_dict",
    "reset_parameters", "state_dict",
}  # fmt: skip
_DECIDING = {"__call__", "__getattr__", "__getattribute__", "__torch_function__"}
# Modules around a network, by class, and where the network is.
_WRAPPERS = {
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
}
_WITH_WEIGHTS = (nn.Conv1d, nn.ConvTranspose1d, nn.Linear, nn.Embedding)
_GLOBAL_HOOKS = ("_global_forward_hooks", "_global_forward_pre_hooks")


class Genuine:
    """The methods that `kinds` of layers had when this was made."""

    def __init__(self, kinds: Iterable[type[nn.Module]]) -> None:
        self._methods = {kind: _methods(kind) for kind in kinds}

    def altered(self, layer: nn.Module, kind: type[nn.Module]) -> str | None:
        """The name of a method of `layer`'s class that is not the one of `kind`, or None."""
        own, known = _resolved(type(layer)), self._methods[kind]
        changed = (name for name, method in known.items() if own.get(name) is not method)
        return min(changed, default=None)


def refuse_altered(module: nn.Module) -> None:
    """Raise WorkbenchError naming the first part of `module` whose forward pass was changed from outside."""
    for name in _GLOBAL_HOOKS:
        if getattr(torch_module, name):
            raise refusal(
                f"module {type(module).__name__}",
                "a forward hook for all modules is registered, which may change what they do; remove it",
            )
    if isinstance(module, torch.jit.ScriptModule):
        raise refusal(
            f"module {type(module).__name__}",
            "torch.jit compiled it; lower the module it was made from",
        )
    methods: dict[type, set[str]] = {}
    for path, part in module.named_modules():
        if isinstance(part, torch.jit.ScriptModule):  # Brevitas's own, where BREVITAS_JIT is set
            continue
        where = f"{'layer ' + path if path else 'module'} ({type(part).__name__})"
        _refuse_wrappers(part, where)
        _refuse_hooks(part, where)
        _refuse_tensors(part, where)
        if parametrize.is_parametrized(part):
            name = next(iter(part.parametrizations))
            raise refusal(
                where,
                f"its {name} has a parametrisation; make it permanent with "
                f"torch.nn.utils.parametrize.remove_parametrizations(layer, {name!r})",
            )
        replaced = _replaced(part, methods)
        if replaced:
            raise refusal(
                where,
                f"its {replaced} was replaced, which lowering cannot follow; write a module of your own "
                "that calls this layer, and undo the replacement",
            )


def refuse_training(module: nn.Module) -> None:
    """Raise WorkbenchError naming a part of `module` that `eval()` left in training mode."""
    for path, part in module.named_modules():
        if part.training:
            raise refusal(
                f"{'layer ' + path if path else 'module'} ({type(part).__name__})",
                "it stays in training mode after eval(); let its train() pass the mode on",
            )


def _refuse_wrappers(part: nn.Module, where: str) -> None:
    for base in type(part).__mro__:
        if base.__name__ in _WRAPPERS:
            raise refusal(where, f"it wraps the network; lower its {_WRAPPERS[base.__name__]}")


def _refuse_tensors(part: nn.Module, where: str) -> None:
    """Refuse tensors beside the parameters, which are neither copied nor brought to float64 with them."""
    for name, value in vars(part).items():
        plain = name in ("weight", "bias") and isinstance(part, _WITH_WEIGHTS)
        if isinstance(value, torch.Tensor) and (plain or not value.is_leaf):
            raise refusal(
                where,
                f"its {name} is a computed tensor; detach it and make it a torch.nn.Parameter, or delete it",
            )


def _refuse_hooks(part: nn.Module, where: str) -> None:
    for hook in (*part._forward_pre_hooks.values(), *part._forward_hooks.values()):
        cure = "remove them"
        if isinstance(hook, prune.BasePruningMethod):
            cure = f"make the pruning permanent with torch.nn.utils.prune.remove(layer, {hook._tensor_name!r})"
        elif isinstance(hook, WeightNorm):
            cure = "make it permanent with torch.nn.utils.remove_weight_norm(layer)"
        elif isinstance(hook, SpectralNorm):
            cure = "make it permanent with torch.nn.utils.remove_spectral_norm(layer)"
        raise refusal(where, f"its forward hooks may change what it does; {cure}")


def _replaced(part: nn.Module, methods: dict[type, set[str]]) -> str | None:
    """The name of a method that the instance, or `__call__` that its class, puts in place of its own.

    methods: those of each class that was met, to be filled.
    """
    kind = type(part)
    if kind.__call__ is not _CALL and not isinstance(part, fx.GraphModule):
        return "__call__"
    if kind not in methods:
        methods[kind] = {n for n, value in _resolved(kind).items() if inspect.isroutine(value)}
    return min(vars(part).keys() & methods[kind], default=None)


def _methods(kind: type) -> dict[str, Any]:
    """Every method and property of `kind` that may decide what it computes."""
    return {
        name: value
        for name, value in _resolved(kind).items()
        if name not in _HARMLESS
        and (not name.startswith("__") or name in _DECIDING)
        and (inspect.isroutine(value) or isinstance(value, property | classmethod | staticmethod))
    }


def _resolved(kind: type) -> dict[str, Any]:
    """What each name of a class means, with nothing bound."""
    attributes: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        attributes.update(vars(base))
    return attributes


_CALL = nn.Module.__call__
