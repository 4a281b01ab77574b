"""Networks among the arguments of a student's function: built over there layer by layer, read back after the call."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any


def is_network(value: Any) -> bool:
    """Return whether a value is a torch module, without importing torch for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def lend(network: Any, look: Callable[[str], Any]) -> Any:
    """Return a copy of a network where `look` finds what a name stands for: a handle in a student's process.

    It may be made of torch's layers, of layers that the locked set-up cells define by their sizes alone, and of
    Sequentials of these; `nn` must be among the names. Raises TypeError where a layer cannot be told by its options.
    """
    made = _made(network, look, look("nn"))
    made.load_state_dict(network.state_dict())
    made.train(network.training)
    return made


def bring_back(network: Any, lent: Any) -> None:
    """Copy the weights, statistics and mode of a lent network onto the one that it is a copy of, where they fit it."""
    mine, theirs = network.state_dict(), lent.state_dict()
    if all(key in theirs and getattr(theirs[key], "shape", None) == value.shape for key, value in mine.items()):
        network.load_state_dict({key: theirs[key] for key in mine})
    network.train(lent.training is True)


def _made(module: Any, look: Callable[[str], Any], library: Any) -> Any:
    import torch

    if isinstance(module, torch.nn.Sequential):
        made = library.Sequential()
        for name, child in module.named_children():
            made.add_module(name, _made(child, look, library))
        return made
    kind, options = type(module), _options(module)
    maker = getattr(library, kind.__name__) if kind.__module__.startswith("torch.nn.") else look(kind.__name__)
    return maker(**options)


def _options(module: Any) -> dict[str, Any]:
    """Return the arguments with which a layer was made: torch's layers keep each under its own name."""
    found = inspect.signature(type(module)).parameters.values()
    names = [each.name for each in found if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    names = [name for name in names if name not in ("device", "dtype")]
    if any(not hasattr(module, name) for name in names) or list(module.children()):
        raise TypeError(
            f"a {type(module).__name__} cannot be handed to a student's function: its options are not known"
        )
    return {name: getattr(module, name) is not None if name == "bias" else getattr(module, name) for name in names}
