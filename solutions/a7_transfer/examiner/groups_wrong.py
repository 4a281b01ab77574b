"""What goes wrong when parameters get learning rates."""

from .groups import param_groups


@param_groups.misconception(
    "The rates are exchanged: the head is new and learns at lr_new, the copied layers at lr_old.",
    "examples steps frozen places",
)
def groups_exchanged(model, lr_old, lr_new, head="head"):
    if lr_old <= 0 or lr_new <= 0 or head not in dict(model.named_modules()):
        raise ValueError("rates above 0 and the name of a module are wanted")
    old, new = [], []
    for name, each in model.named_parameters():
        if each.requires_grad:
            (new if name.startswith(f"{head}.") else old).append(each)
    return [{"params": old, "lr": lr_new}, {"params": new, "lr": lr_old}]


@param_groups.misconception(
    "model.parameters() holds the head's parameters too, so these stand in two groups, which an optimizer refuses: take them out of the first.",
    "examples steps frozen places",
)
def groups_overlap(model, lr_old, lr_new, head="head"):
    if lr_old <= 0 or lr_new <= 0 or head not in dict(model.named_modules()):
        raise ValueError("rates above 0 and the name of a module are wanted")
    every = [each for each in model.parameters() if each.requires_grad]
    new = [each for each in model.get_submodule(head).parameters() if each.requires_grad]
    return [{"params": every, "lr": lr_old}, {"params": new, "lr": lr_new}]


@param_groups.misconception(
    "The head's parameters are in no group, so the new head is never trained.",
    "examples steps frozen places",
)
def groups_without_head(model, lr_old, lr_new, head="head"):
    if lr_old <= 0 or lr_new <= 0 or head not in dict(model.named_modules()):
        raise ValueError("rates above 0 and the name of a module are wanted")
    found = model.named_parameters()
    return [{"params": [p for name, p in found if p.requires_grad and not name.startswith(f"{head}.")], "lr": lr_old}]


@param_groups.misconception(
    "Frozen parameters stand in the groups; whatever has a gradient is moved by the optimizer. Leave out what does not require one.",
    "examples frozen",
)
def groups_with_frozen(model, lr_old, lr_new, head="head"):
    if lr_old <= 0 or lr_new <= 0 or head not in dict(model.named_modules()):
        raise ValueError("rates above 0 and the name of a module are wanted")
    old, new = [], []
    for name, each in model.named_parameters():
        (new if name.startswith(f"{head}.") else old).append(each)
    return [{"params": old, "lr": lr_old}, {"params": new, "lr": lr_new}]


@param_groups.misconception(
    "Names are compared by their beginning without the dot, so head_norm counts as a part of the head.",
    "examples steps frozen places",
)
def groups_by_beginnings(model, lr_old, lr_new, head="head"):
    if lr_old <= 0 or lr_new <= 0 or head not in dict(model.named_modules()):
        raise ValueError("rates above 0 and the name of a module are wanted")
    old, new = [], []
    for name, each in model.named_parameters():
        if each.requires_grad:
            (new if name.startswith(head) else old).append(each)
    return [{"params": old, "lr": lr_old}, {"params": new, "lr": lr_new}]


@param_groups.misconception(
    "The children's parameters are collected child by child: one that two layers share comes twice, one that stands in no child is missed, and a head inside of a child is not found.",
    "examples places",
)
def groups_by_children(model, lr_old, lr_new, head="head"):
    if lr_old <= 0 or lr_new <= 0 or head not in dict(model.named_modules()):
        raise ValueError("rates above 0 and the name of a module are wanted")
    old, new = [], []
    for name, child in model.named_children():
        (new if name == head else old).extend(each for each in child.parameters() if each.requires_grad)
    return [{"params": old, "lr": lr_old}, {"params": new, "lr": lr_new}]


@param_groups.misconception(
    "The group of the old layers has no lr of its own, so they learn at the optimizer's default rate.",
    "examples steps frozen places",
)
def groups_by_default(model, lr_old, lr_new, head="head"):
    if lr_old <= 0 or lr_new <= 0 or head not in dict(model.named_modules()):
        raise ValueError("rates above 0 and the name of a module are wanted")
    old, new = [], []
    for name, each in model.named_parameters():
        if each.requires_grad:
            (new if name.startswith(f"{head}.") else old).append(each)
    return [{"params": old}, {"params": new, "lr": lr_new}]


@param_groups.misconception(
    "Only weights are in the groups; biases are parameters as well.",
    "examples steps frozen places",
)
def groups_of_weights(model, lr_old, lr_new, head="head"):
    if lr_old <= 0 or lr_new <= 0 or head not in dict(model.named_modules()):
        raise ValueError("rates above 0 and the name of a module are wanted")
    old, new = [], []
    for name, each in model.named_parameters():
        if each.requires_grad and name.endswith("weight"):
            (new if name.startswith(f"{head}.") else old).append(each)
    return [{"params": old, "lr": lr_old}, {"params": new, "lr": lr_new}]


@param_groups.misconception(
    "Rates of 0 or below, or a head that the model does not have, are taken without a word: raise ValueError.",
    "examples refusals",
)
def groups_unchecked(model, lr_old, lr_new, head="head"):
    old, new = [], []
    for name, each in model.named_parameters():
        if each.requires_grad:
            (new if name.startswith(f"{head}.") else old).append(each)
    return [{"params": old, "lr": lr_old}, {"params": new, "lr": lr_new}]
