"""What goes wrong when features are taken."""

import torch

from .features import extract_features


@extract_features.misconception(
    "The model is not put into evaluation mode: batch norms use the batch (and their statistics move), and dropout drops features.",
    "examples values modes",
)
def features_without_eval(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    handle = modules[layer].register_forward_hook(lambda m, i, output: found.append(output.flatten(1).clone()))
    try:
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        handle.remove()
    return torch.cat(found)


@extract_features.misconception(
    "The model is left in evaluation mode; a training that goes on after this would train without batch statistics and dropout.",
    "examples modes leaves",
)
def features_left_in_eval(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    handle = modules[layer].register_forward_hook(lambda m, i, output: found.append(output.flatten(1).clone()))
    try:
        model.eval()
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        handle.remove()
    return torch.cat(found)


@extract_features.misconception(
    "All modules get the model's own mode back; some had another one, as frozen layers do: note the mode of every module.",
    "examples modes leaves",
)
def features_one_mode_for_all(model, x, layer, batch_size=100):
    modules, found, before = dict(model.named_modules()), [], model.training
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    handle = modules[layer].register_forward_hook(lambda m, i, output: found.append(output.flatten(1).clone()))
    try:
        model.eval()
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        handle.remove()
        model.train(before)
    return torch.cat(found)


@extract_features.misconception(
    "The hook is left on the model: it goes on collecting at every later call. Remove it.",
    "examples leaves",
)
def features_leave_the_hook(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    modes = [(each, each.training) for each in model.modules()]
    modules[layer].register_forward_hook(lambda m, i, output: found.append(output.flatten(1).clone()))
    try:
        model.eval()
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        for each, training in modes:
            each.training = training
    return torch.cat(found)


@extract_features.misconception(
    "After an exception the hook is still there, and the model in evaluation mode: what has to be put back belongs into `finally`.",
    "leaves",
)
def features_without_finally(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    modes = [(each, each.training) for each in model.modules()]
    handle = modules[layer].register_forward_hook(lambda m, i, output: found.append(output.flatten(1).clone()))
    model.eval()
    with torch.no_grad():
        for part in x.split(batch_size):
            model(part)
    handle.remove()
    for each, training in modes:
        each.training = training
    return torch.cat(found)


@extract_features.misconception(
    "What the hook keeps is overwritten by the ReLU behind the layer, which works in place: keep a clone.",
    "examples values modes",
)
def features_overwritten(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    modes = [(each, each.training) for each in model.modules()]
    handle = modules[layer].register_forward_hook(lambda m, i, output: found.append(output.flatten(1)))
    try:
        model.eval()
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        handle.remove()
        for each, training in modes:
            each.training = training
    return torch.cat(found)


@extract_features.misconception(
    "This is the layer's input; its output is wanted.",
    "examples values modes",
)
def features_of_the_input(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    modes = [(each, each.training) for each in model.modules()]
    handle = modules[layer].register_forward_hook(lambda m, inputs, o: found.append(inputs[0].flatten(1).clone()))
    try:
        model.eval()
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        handle.remove()
        for each, training in modes:
            each.training = training
    return torch.cat(found)


@extract_features.misconception(
    "Each feature map is averaged over its places; all its values are wanted, flattened.",
    "examples values modes",
)
def features_averaged(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    modes = [(each, each.training) for each in model.modules()]
    handle = modules[layer].register_forward_hook(
        lambda m, i, o: found.append(o.flatten(2).mean(2) if o.dim() > 2 else o)
    )
    try:
        model.eval()
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        handle.remove()
        for each, training in modes:
            each.training = training
    return torch.cat(found)


@extract_features.misconception(
    "Only the features of the last batch are returned: collect them all.",
    "examples values modes",
)
def features_of_the_last_batch(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), {}
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    modes = [(each, each.training) for each in model.modules()]
    handle = modules[layer].register_forward_hook(lambda m, i, output: found.update(y=output.flatten(1).clone()))
    try:
        model.eval()
        with torch.no_grad():
            for part in x.split(batch_size):
                model(part)
    finally:
        handle.remove()
        for each, training in modes:
            each.training = training
    return found["y"]


@extract_features.misconception(
    "Gradients are recorded: the features drag the whole network's intermediate results along. Use torch.no_grad().",
    "examples frugal",
)
def features_with_gradients(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    modes = [(each, each.training) for each in model.modules()]
    handle = modules[layer].register_forward_hook(lambda m, i, output: found.append(output.flatten(1).clone()))
    try:
        model.eval()
        for part in x.split(batch_size):
            model(part)
    finally:
        handle.remove()
        for each, training in modes:
            each.training = training
    return torch.cat(found)


@extract_features.misconception(
    "All examples pass at once; a large set would not fit into memory: go through it in batches of batch_size.",
    "examples frugal",
)
def features_all_at_once(model, x, layer, batch_size=100):
    modules, found = dict(model.named_modules()), []
    if layer not in modules or len(x) < 1 or batch_size < 1:
        raise ValueError("no features")
    modes = [(each, each.training) for each in model.modules()]
    handle = modules[layer].register_forward_hook(lambda m, i, output: found.append(output.flatten(1).clone()))
    try:
        model.eval()
        with torch.no_grad():
            model(x)
    finally:
        handle.remove()
        for each, training in modes:
            each.training = training
    return torch.cat(found)


@extract_features.misconception(
    "Bad arguments end in an exception of another kind, or in no features without a word: raise ValueError.",
    "examples refusals",
)
def features_unchecked(model, x, layer, batch_size=100):
    found, modes = [], [(each, each.training) for each in model.modules()]
    handle = model.get_submodule(layer).register_forward_hook(lambda m, i, y: found.append(y.flatten(1).clone()))
    try:
        model.eval()
        with torch.no_grad():
            for start in range(0, max(len(x), 1), max(batch_size, 1)):
                model(x[start : start + max(batch_size, 1)])
    finally:
        handle.remove()
        for each, training in modes:
            each.training = training
    return torch.cat(found)
