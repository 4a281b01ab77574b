"""What goes wrong when layers are frozen."""

from torch import nn

from .freezing import freeze


@freeze.misconception(
    "requires_grad is set on modules, where it is an attribute like any other and freezes nothing: set it on their parameters, or call requires_grad_(False).",
    "examples trained still",
)
def freeze_the_modules(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    frozen = upto is not None
    for name, child in model.named_children():
        child.train(not frozen)
        child.requires_grad = not frozen
        for each in child.parameters():
            each.grad = None
        frozen = frozen and name != upto


@freeze.misconception(
    "Frozen layers are left in training mode, so the running statistics of their batch norms move, and their dropout drops: call eval() on them.",
    "examples modes still",
)
def freeze_in_training_mode(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    frozen = upto is not None
    for name, child in model.named_children():
        child.train().requires_grad_(not frozen)
        child.zero_grad()
        frozen = frozen and name != upto


@freeze.misconception(
    "The whole model is put into evaluation mode; the layers that are still trained have to be in training mode.",
    "examples modes still",
)
def freeze_all_in_eval_mode(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    frozen = upto is not None
    for name, child in model.named_children():
        child.eval().requires_grad_(not frozen)
        child.zero_grad()
        frozen = frozen and name != upto


@freeze.misconception(
    "The layer called upto is not frozen itself: freeze up to and with it.",
    "examples trained modes still",
)
def freeze_without_the_last(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    frozen = upto is not None
    for name, child in model.named_children():
        frozen = frozen and name != upto
        child.train(not frozen).requires_grad_(not frozen)
        child.zero_grad()


@freeze.misconception(
    "Only the layer called upto is frozen; all layers before it have to be frozen, too.",
    "examples trained modes still",
)
def freeze_that_one_alone(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    for name, child in model.named_children():
        child.train(name != upto).requires_grad_(name != upto)
        child.zero_grad()


@freeze.misconception(
    "Names are compared by their beginning, so block10 is frozen with block1: compare the whole name of the child.",
    "trained still",
)
def freeze_by_beginnings(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    held = () if upto is None else tuple(names[: names.index(upto) + 1])
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(held)).grad = None
    for name, child in model.named_children():
        child.train(name not in held)


@freeze.misconception(
    "The parameters are gone through until one of upto is met; a child without parameters is never met, and all is frozen.",
    "examples trained still",
)
def freeze_until_parameters_are_met(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    place = -1 if upto is None else names.index(upto)
    for number, (_, child) in enumerate(model.named_children()):
        child.train(number > place).zero_grad()
    met, past = False, upto is None
    for name, parameter in model.named_parameters():
        inside = name.split(".")[0] == upto
        past = past or (met and not inside)
        met = met or inside
        parameter.requires_grad_(past)


@freeze.misconception(
    "Only convolutions and linear layers are frozen; the scales and shifts of the norms between them are still trained.",
    "examples trained still",
)
def freeze_without_norms(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    frozen = upto is not None
    for name, child in model.named_children():
        child.train(not frozen).requires_grad_(True).zero_grad()
        for module in child.modules():
            if frozen and isinstance(module, (nn.Conv2d, nn.Linear)):
                module.requires_grad_(False)
        frozen = frozen and name != upto


@freeze.misconception(
    "Only weights are frozen, by their names; biases are parameters as well.",
    "examples trained still",
)
def freeze_weights_alone(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    held = names[: 0 if upto is None else names.index(upto) + 1]
    for name, child in model.named_children():
        child.train(name not in held).zero_grad()
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not (name.split(".")[0] in held and name.endswith("weight"))


@freeze.misconception(
    "Nothing is thawed: layers behind upto that were frozen before stay so. Set both, for frozen and for thawed layers.",
    "examples trained modes still",
)
def freeze_without_thawing(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    for name, child in model.named_children():
        if upto is None:
            break
        child.eval().requires_grad_(False).zero_grad()
        if name == upto:
            break


@freeze.misconception(
    "Gradients from before the freezing are left on the frozen parameters, and an optimizer that has these moves them once more: set grad to None.",
    "examples still",
)
def freeze_leaves_gradients(model, upto):
    names = [name for name, _ in model.named_children()]
    if upto is not None and upto not in names:
        raise ValueError("no such child")
    frozen = upto is not None
    for name, child in model.named_children():
        child.train(not frozen).requires_grad_(not frozen)
        frozen = frozen and name != upto


@freeze.misconception(
    "A name that no child has is taken without a word: raise ValueError, or nobody notices the slip.",
    "examples refusals",
)
def freeze_unchecked(model, upto):
    frozen = upto is not None
    for name, child in model.named_children():
        child.train(not frozen).requires_grad_(not frozen)
        child.zero_grad()
        frozen = frozen and name != upto
