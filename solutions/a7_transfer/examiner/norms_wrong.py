"""What goes wrong when the norms are trained alone."""

import torch
import torch.nn.functional as F

from .norms import NORM_LAYERS, train_norms_only


@train_norms_only.misconception(
    "Only nn.BatchNorm2d is looked for; there are other norms, all in NORM_LAYERS.",
    "examples values head frozen care",
)
def norms_of_one_type(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, torch.nn.BatchNorm2d)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "Only the scales are trained; the norms' shifts (their biases) as well.",
    "examples values head frozen",
)
def norms_scales_alone(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [
        each
        for module in chosen
        for name, each in module.named_parameters()
        if name == "weight" or module not in chosen[: len(chosen) - (head is not None)]
    ]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "All biases are trained; of the other layers nothing is to move.",
    "examples values head frozen",
)
def norms_and_all_biases(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    known = list(map(id, trained))
    trained += [each for name, each in model.named_parameters() if name.endswith("bias") and id(each) not in known]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "Everything is trained: what is not to move has to be left out of the optimizer, or frozen.",
    "examples values head frozen",
)
def norms_and_everything(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = list(model.parameters())
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "A head that is named is not trained with the norms.",
    "examples head frozen",
)
def norms_without_head(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "The model is in evaluation mode while it trains: batch norms then use old statistics, and these do not move.",
    "examples values head frozen",
)
def norms_in_eval_mode(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.eval().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "The model trains in the mode in which it came: call model.train().",
    "examples values frozen",
)
def norms_in_the_mode_it_came(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "Each step adds the gradients of all steps before: they are never set to zero.",
    "values head frozen",
)
def norms_with_old_gradients(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses, sums = [], [torch.zeros_like(each) for each in trained]
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, total, slope in zip(trained, sums, torch.autograd.grad(loss, trained)):
                each -= lr * total.add_(slope)
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "The losses are those after each step; the loss from before it is wanted, which the step has anyway.",
    "values head frozen",
)
def norms_losses_after_steps(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(F.cross_entropy(model(x), y).item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "What comes frozen is not trained: the norms have to require a gradient, whatever was before.",
    "examples frozen",
)
def norms_stay_frozen(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train()
    losses, trained = [], [each for each in trained if each.requires_grad]
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained) if trained else ()):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "Afterwards other parameters require a gradient than before: note requires_grad of each, and put it back.",
    "care",
)
def norms_leave_flags(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_(False)
    for each in trained:
        each.requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "Afterwards modules are in training mode that were not: note the mode of every module, and put it back.",
    "examples care",
)
def norms_leave_training_mode(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "Gradients are left on parameters that had none: the next optimizer would take a step with them.",
    "examples care",
)
def norms_leave_gradients(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    if not chosen or head not in (None, *modules) or not 0 < len(x) == len(y) or steps < 1 or lr <= 0:
        raise ValueError("these arguments do not fit together")
    chosen += [] if head is None else [modules[head]]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for each in trained:
                each -= lr * each.grad
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses


@train_norms_only.misconception(
    "Models without norms, heads that there are not, and numbers that do not fit are taken: raise ValueError.",
    "examples refusals",
)
def norms_unchecked(model, x, y, steps, *, lr=0.1, head=None):
    modules = dict(model.named_modules())
    chosen = [each for each in modules.values() if isinstance(each, NORM_LAYERS)]
    chosen += [modules[head]] if head in modules else []
    number = min(len(x), len(y))
    x, y = x[:number], y[:number]
    trained = [each for module in chosen for each in module.parameters()]
    before = [(each, "requires_grad", each.requires_grad) for each in model.parameters()]
    before += [(each, "training", each.training) for each in model.modules()]
    model.train().requires_grad_()
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        with torch.no_grad():
            for each, slope in zip(trained, torch.autograd.grad(loss, trained)):
                each -= lr * slope
        losses.append(loss.item())
    for each, name, value in before:
        setattr(each, name, value)
    return losses
