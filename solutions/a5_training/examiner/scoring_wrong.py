"""What goes wrong when a model is tested."""

import torch

from .scoring import accuracy


@accuracy.misconception(
    "The model is not put into evaluation mode: dropout and the batch's own statistics decide. Call model.eval() first.",
    "examples values modes device",
)
def accuracy_without_eval(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, right = next(model.parameters()).device, 0
    with torch.no_grad():
        for part, labels in zip(x.split(batch_size), y.split(batch_size)):
            right += (model(part.to(device)).argmax(1).cpu() == labels).sum().item()
    return right / len(x)


@accuracy.misconception(
    "The model is left in evaluation mode; a training that goes on would run without dropout and with frozen statistics.",
    "examples modes",
)
def accuracy_left_in_eval(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, right = next(model.parameters()).device, 0
    model.eval()
    with torch.no_grad():
        for part, labels in zip(x.split(batch_size), y.split(batch_size)):
            right += (model(part.to(device)).argmax(1).cpu() == labels).sum().item()
    return right / len(x)


@accuracy.misconception(
    "The model is always left in training mode, even if it came in evaluation mode: note model.training first.",
    "examples modes",
)
def accuracy_left_in_train(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, right = next(model.parameters()).device, 0
    model.eval()
    with torch.no_grad():
        for part, labels in zip(x.split(batch_size), y.split(batch_size)):
            right += (model(part.to(device)).argmax(1).cpu() == labels).sum().item()
    model.train()
    return right / len(x)


@accuracy.misconception(
    "The batches' accuracies are averaged, so an example in a short last batch counts for more than the others.",
    "examples values device",
)
def accuracy_of_batches(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, was, shares = next(model.parameters()).device, model.training, []
    model.eval()
    with torch.no_grad():
        for part, labels in zip(x.split(batch_size), y.split(batch_size)):
            shares.append((model(part.to(device)).argmax(1).cpu() == labels).double().mean().item())
    model.train(was)
    return sum(shares) / len(shares)


@accuracy.misconception(
    "The last, shorter batch is dropped; its examples count like all others.", "examples values frugal device"
)
def accuracy_without_rest(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, was, right, seen = next(model.parameters()).device, model.training, 0, 0
    model.eval()
    with torch.no_grad():
        for start in range(0, max(len(x) - batch_size, 0) + 1, batch_size):
            part, labels = x[start : start + batch_size], y[start : start + batch_size]
            right += (model(part.to(device)).argmax(1).cpu() == labels).sum().item()
            seen += len(part)
    model.train(was)
    return right / seen


@accuracy.misconception(
    "The right answers of all full batches are divided by batches × batch_size; the last batch may be shorter: divide by len(x).",
    "examples values device",
)
def accuracy_over_full_batches(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, was, right = next(model.parameters()).device, model.training, 0
    model.eval()
    with torch.no_grad():
        for part, labels in zip(x.split(batch_size), y.split(batch_size)):
            right += (model(part.to(device)).argmax(1).cpu() == labels).sum().item()
    model.train(was)
    return right / (batch_size * len(x.split(batch_size)))


@accuracy.misconception(
    "Gradients are recorded, which costs memory and time: compute inside torch.no_grad().", "frugal"
)
def accuracy_with_gradients(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, was, right = next(model.parameters()).device, model.training, 0
    model.eval()
    for part, labels in zip(x.split(batch_size), y.split(batch_size)):
        right += (model(part.to(device)).argmax(1).cpu() == labels).sum().item()
    model.train(was)
    return right / len(x)


@accuracy.misconception(
    "All examples go through the model at once; batch_size is there so that large sets fit into the memory.", "frugal"
)
def accuracy_at_once(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, was = next(model.parameters()).device, model.training
    model.eval()
    with torch.no_grad():
        right = (model(x.to(device)).argmax(1).cpu() == y).sum().item()
    model.train(was)
    return right / len(x)


@accuracy.misconception(
    "The examples stay on the CPU while the model is on another device: send each batch to the device of the model's parameters.",
    "device",
)
def accuracy_device_left_behind(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    was, right = model.training, 0
    model.eval()
    with torch.no_grad():
        for part, labels in zip(x.split(batch_size), y.split(batch_size)):
            right += (model(part).argmax(1) == labels).sum().item()
    model.train(was)
    return right / len(x)


@accuracy.misconception(
    "The largest score is looked for among the examples; the classes are along axis 1.", "examples values device"
)
def accuracy_over_the_batch(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, was, right = next(model.parameters()).device, model.training, 0
    model.eval()
    with torch.no_grad():
        for part, labels in zip(x.split(batch_size), y.split(batch_size)):
            winners = model(part.to(device)).argmax(dim=0).cpu()
            fewest = min(len(winners), len(labels))
            right += (winners[:fewest] == labels[:fewest]).sum().item()
    model.train(was)
    return right / len(x)


@accuracy.misconception("The result is in per cent; a share between 0 and 1 is wanted.", "examples values device")
def accuracy_in_percent(model, x, y, batch_size=100):
    if len(x) == 0 or len(x) != len(y) or batch_size < 1:
        raise ValueError("the examples, the labels and batch_size do not fit")
    device, was, right = next(model.parameters()).device, model.training, 0
    model.eval()
    with torch.no_grad():
        for part, labels in zip(x.split(batch_size), y.split(batch_size)):
            right += (model(part.to(device)).argmax(1).cpu() == labels).sum().item()
    model.train(was)
    return 100 * right / len(x)


@accuracy.misconception(
    "Examples and labels of different number, or none at all, are let through; the statement asks for a ValueError.",
    "examples refusals",
)
def accuracy_unchecked(model, x, y, batch_size=100):
    device, was, right = next(model.parameters()).device, model.training, 0
    model.eval()
    with torch.no_grad():
        for part, labels in zip(x.split(max(batch_size, 1)), y.split(max(batch_size, 1))):
            fewest = min(len(part), len(labels))
            right += (model(part[:fewest].to(device)).argmax(1).cpu() == labels[:fewest]).sum().item()
    model.train(was)
    return right / max(len(x), 1)
