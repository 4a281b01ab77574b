"""What goes wrong when a head is replaced."""

import copy

import torch
from torch import nn

from .heads import replace_head


@replace_head.misconception(
    "The head of the model that was handed over is replaced; leave that as it is, and return a copy.",
    "examples apart",
)
def head_in_place(model, classes, head="head", keep=None):
    new, keep = model, keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "The new model has the old one's layers themselves, not copies: train one, and the other changes. Use copy.deepcopy.",
    "apart",
)
def head_on_shared_layers(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model, {id(each): each for each in model.parameters()}), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "Only the attribute out_features (or out_channels) is changed; the weights are still those of the old head. A layer of another size is a new layer.",
    "examples layers kept fresh",
)
def head_by_an_attribute(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = old
    setattr(made, "out_features" if "kernel_size" not in options else "out_channels", classes)
    with torch.no_grad():
        for a, b in list(keep.items())[:0]:
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "The new head has a bias where the old one has none.",
    "layers",
)
def head_with_a_bias_always(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "A convolution's padding, stride and dilation are lost: the new one gets its kernel_size alone.",
    "layers",
)
def head_without_options(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ["kernel_size"]}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "keep is read the wrong way round: it says new: old.",
    "examples kept",
)
def head_keeps_exchanged(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                if b < len(mine) and a < len(theirs):
                    mine[b] = theirs[a]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "A class that is kept needs its bias as well as its weights.",
    "examples kept",
)
def head_keeps_weights_alone(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            made.weight[a] = old.weight[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "As many classes as fit are kept, whatever keep says: other classes of the same number are other classes.",
    "examples kept fresh",
)
def head_keeps_the_first(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for mine, theirs in zip(made.parameters(), old.parameters()):
            number = min(len(mine), len(theirs))
            mine[:number] = theirs[:number]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "The new head starts from zeros; let PyTorch draw its weights.",
    "fresh",
)
def head_of_zeros(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    for each in made.parameters():
        each.data.zero_()
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "A seed is set inside, so every head is the same, and the caller's random numbers start anew: set none.",
    "fresh",
)
def head_with_a_seed(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    torch.manual_seed(0)
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "All layers are drawn anew: what was learnt is lost. Only the head is replaced.",
    "examples layers",
)
def head_draws_all_anew(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    for each in new.modules():
        if hasattr(each, "reset_parameters"):
            each.reset_parameters()
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "The new head is frozen where the old one was: nobody could train it. Its parameters have to require a gradient.",
    "examples layers",
)
def head_frozen_like_the_old(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    made.requires_grad_(old.weight.requires_grad)
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "All parameters of the copy require a gradient; what was frozen is to stay so.",
    "examples layers",
)
def head_thaws_all(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    new.requires_grad_(True)
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "The head is looked for among the children alone; it may stand inside of one, as top.1 does.",
    "examples layers kept apart",
)
def head_of_a_child_alone(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_children()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new


@replace_head.misconception(
    "The new head is wrapped in an nn.Sequential, so its numbers have other names: put the layer itself in the old one's place.",
    "examples layers kept fresh",
)
def head_wrapped(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    if classes < 1 or not isinstance(old, (nn.Linear, nn.Conv2d)):
        raise ValueError("this head cannot be replaced")
    if any(not 0 <= a < classes or not 0 <= b < len(old.weight) for a, b in keep.items()):
        raise ValueError("these classes cannot be kept")
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, nn.Sequential(made))
    return new


@replace_head.misconception(
    "Heads and classes that there are not are taken, or end in an exception of another kind: raise ValueError.",
    "examples refusals",
)
def head_unchecked(model, classes, head="head", keep=None):
    new, keep = copy.deepcopy(model), keep or {}
    old = dict(new.named_modules()).get(head)
    options = {"bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        options |= {name: getattr(old, name) for name in ("kernel_size", "stride", "padding", "dilation")}
    made = type(old)(old.weight.shape[1], classes, **options)
    with torch.no_grad():
        for a, b in keep.items():
            for mine, theirs in zip(made.parameters(), old.parameters()):
                mine[a] = theirs[b]
    place, _, name = head.rpartition(".")
    setattr(new.get_submodule(place), name, made)
    return new
