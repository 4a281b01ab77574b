"""Counting multiply-accumulates; the oracle is half of what torch's FLOP counter counts."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_utils.checks import call, difference, failure
from course_utils.grading.exercise import Call, Facet, expected_of

from .judging import MadeExercise, Pieces, Said, chosen, made, neighbour, refuses
from .tools import assemble, look

SECONDS = 15.0  # the first use of torch's meta device or FLOP counter loads a good deal of torch


@dataclass(frozen=True)
class Model:
    """A model to count, shown by the code that makes it."""

    layers: tuple
    double: bool = False

    def __repr__(self):
        return f"assemble({', '.join(map(repr, self.layers))})" + ".double()" * self.double

    def made(self, function):
        """Return it, made where the function lives."""
        model = neighbour(function, "assemble")(*self.layers)
        return model.double() if self.double else model


def _plain(layers):
    """Return the description of a model without its products that are no layer's."""
    return [
        ["Identity"]
        if name == "Mix"
        else [name, *(_plain([each])[0] if isinstance(each, list) else each for each in rest)]
        for name, *rest in layers
    ]


def _by_torch(model, input_shape):
    counter = FlopCounterMode(display=False)
    try:
        with torch.no_grad(), counter:
            assemble(*_plain(model.layers)).eval()(torch.zeros(1, *input_shape))
    except RuntimeError:
        return Said("torch's own exception, and the model as it was.")
    return counter.get_total_flops() // 2


def counts(exercise, function, asked):
    """Judge a count by the oracle's."""
    outcome = call(lambda: function(*made(function, asked)), seconds=SECONDS)
    return outcome, failure(outcome, expected_of(exercise, asked))


LEFT = {
    "hooks": "it has hooks that it had not before.",
    "modes": "a module is in another mode (training or evaluation) than before.",
    "numbers": "a parameter or a running statistic has changed.",
    "gradients": "a parameter has a gradient that it had not before.",
}


def leaves_model(exercise, function, asked):
    """Judge a count, and whether the model is afterwards what it was; also where it cannot take the shape."""
    expected = expected_of(exercise, asked)
    fits = not isinstance(expected, Said)

    def run():
        model, shape = made(function, asked)
        before = look(model)
        try:
            counted = function(model, shape)
        except NotImplementedError:
            raise
        except Exception:
            if fits:
                raise
            counted = "an exception"
        after = look(model)
        changed = [name for name in LEFT if difference(after[name], before[name])]
        return Pieces([("MACs", counted), *((name, name in changed) for name in LEFT)])

    outcome = call(run, seconds=SECONDS)
    if outcome.error:
        return outcome, failure(outcome, 0)
    counted = outcome.value[0][1]
    fault = difference(counted, expected) if fits else None
    if not fits and counted != "an exception":
        fault = "the model cannot take this shape, and its exception should come through."
    changed = [LEFT[name] for name, is_changed in outcome.value[1:] if is_changed]
    return outcome, fault or (f"the model is not what it was: {changed[0]}" if changed else None)


def _models(choose):
    channels, high, wide = choose.upto(1, 4), choose.upto(5, 9), choose.upto(5, 9)
    start, layers = (channels, high, wide), []
    for _ in range(choose.upto(1, 3)):
        kind = choose.one_of("Conv2d", "BatchNorm2d", "Uses", "Grouped", "Mix", "Linear")
        after = choose.upto(1, 5)
        if kind == "Conv2d":
            size, stride = choose.upto(1, 3), choose.upto(1, 2)
            layers.append(["Conv2d", channels, after, size, stride, size // 2, 1, 1, choose.one_of(False, True)])
            high, wide = ((side + 2 * (size // 2) - size) // stride + 1 for side in (high, wide))
            channels = after
        elif kind == "Grouped":
            layers.append(["Conv2d", channels, channels * after, 3, 1, 1, 1, channels])
            channels *= after
        elif kind == "Uses":
            layers.append(["Uses", choose.upto(0, 2), ["Conv2d", channels, channels, 1], ["ReLU"]])
        elif kind == "Linear":
            layers.append(["Linear", wide, after])
            wide = after
        else:
            layers.append([kind, channels] if kind == "BatchNorm2d" else [kind])
    layers += [["AdaptiveAvgPool2d", 1], ["Flatten"], ["Linear", channels, choose.upto(1, 4)]] * choose.one_of(
        False, True
    )
    return Call((Model(tuple(layers), choose.one_of(False, True)), start))


def _of(*layers, shape, note="", double=False):
    return Call((Model(layers, double), shape), note=note)


PLAIN = (["Conv2d", 3, 8, 5], ["ReLU"])
MIXED = (
    ["Conv2d", 2, 4, 3],
    ["BatchNorm2d", 4],
    ["Frozen", ["BatchNorm2d", 4]],
    ["Uses", 2, ["Conv2d", 4, 4, 1]],
    ["Flatten"],
    ["Linear", 12, 5],
)

count_macs = MadeExercise(
    "count_macs",
    _by_torch,
    "lecture 12, section 12.8, and lecture 04",
    {
        "values": Facet(
            counts,
            (
                _of(*PLAIN, shape=(3, 9, 7)),
                _of(
                    ["Conv2d", 4, 6, 3, 2, 1, 1, 2],
                    ["Conv2d", 6, 6, [3, 1], 1, 0, [2, 1], 6, False],
                    shape=(4, 11, 8),
                    note="These convolutions have strides, groups and a dilation.",
                ),
                _of(
                    ["Conv2d", 2, 4, 3],
                    ["BatchNorm2d", 4],
                    shape=(2, 3, 3),
                    note="One number a channel is too few for a batch norm in training mode.",
                ),
                _of(["AdaptiveAvgPool2d", 1], ["Flatten"], ["Linear", 5, 7], ["Linear", 7, 2, False], shape=(5, 3, 4)),
                _of(
                    ["Linear", 7, 4],
                    ["ReLU"],
                    shape=(3, 9, 7),
                    note="A linear layer works along the last axis, at every place.",
                ),
                _of(["Uses", 2, ["Conv2d", 3, 3, 3, 1, 1]], shape=(3, 4, 5), note="The layer is used twice."),
                _of(
                    ["Uses", 0, ["Conv2d", 3, 3, 3]],
                    ["Conv2d", 3, 2, 1],
                    shape=(3, 4, 5),
                    note="The first layer is never used.",
                ),
                _of(
                    ["Conv2d", 3, 4, 1],
                    ["Mix"],
                    shape=(3, 2, 5),
                    note="Mix multiplies matrices, and is no layer with weights.",
                ),
                _of(["Linear", 5, 3], shape=(5,)),
                _of(
                    ["ReLU"],
                    ["MaxPool2d", 2],
                    shape=(2, 4, 6),
                    note="There is nothing to count, and no parameter to look at.",
                ),
                _of(*MIXED, shape=(2, 5, 3), double=True, note="The model is in float64."),
            ),
            chosen(_models),
            12,
        ),
        "care": Facet(
            leaves_model,
            (
                _of(*PLAIN, shape=(3, 6, 5)),
                _of(*MIXED, shape=(2, 5, 3)),
                _of(["Mix"], *MIXED, shape=(2, 5, 3), double=True),
                _of(
                    *MIXED,
                    shape=(3, 5, 3),
                    note="The shape does not fit: let torch's exception come through, and leave the model as it was.",
                ),
            ),
        ),
        "refusals": Facet(
            refuses,
            (
                _of(*PLAIN, shape=(), note="the shape is empty"),
                _of(*PLAIN, shape=(3, 0, 7), note="a picture without height is none"),
                _of(*PLAIN, shape=(3, 9, -7), note="a width of −7 is none"),
                _of(["Linear", 4, 2], shape=(0, 4), note="a size of 0 leaves nothing to count"),
            ),
        ),
    },
)


@count_macs.alternative
def count_on_a_copy(model, input_shape):
    from copy import deepcopy

    if not input_shape or any(size <= 0 for size in input_shape):
        raise ValueError("there is nothing to look at")
    twin, total = deepcopy(model).eval(), [0]

    def note(layer, inputs):
        x = inputs[0]
        if type(layer) is nn.Linear:
            total[0] += x.numel() * layer.out_features
        if type(layer) is nn.Conv2d:
            total[0] += layer.weight.numel() * layer._conv_forward(x, layer.weight, None)[0, 0].numel()

    for layer in twin.modules():
        layer.register_forward_pre_hook(note)
    dtypes = {each.dtype for each in model.parameters()} | {torch.float32}
    twin(torch.empty(1, *input_shape, dtype=max(dtypes, key=lambda each: each.itemsize)))
    return total[0]


@count_macs.alternative
def count_by_functions(model, input_shape):
    if not all(size > 0 for size in input_shape) or input_shape == ():
        raise ValueError(f"{input_shape} is no shape")

    class Count(torch.overrides.TorchFunctionMode):
        total = 0

        def __torch_function__(self, function, types, args=(), kwargs=None):
            y = function(*args, **(kwargs or {}))
            if function in (F.linear, F.conv2d):
                self.total += y.numel() * args[1].numel() // len(args[1])
            return y

    modes = {each: each.training for each in model.modules()}
    x = torch.zeros((1, *input_shape))
    for each in model.parameters():
        x = x.to(each)
    try:
        with torch.no_grad(), Count() as count:
            model.eval()(x)
    finally:
        for each in modes:
            each.training = modes[each]
    return count.total


@count_macs.alternative
def count_of_layers_alone(model, input_shape):
    if not len(input_shape) or sorted(input_shape)[0] < 1:
        raise ValueError("sizes begin at 1")
    layers = [each for each in model.modules() if isinstance(each, (nn.Conv2d, nn.Linear))]
    training = [each for each in model.modules() if each.training]
    dtype = [torch.float32, *(each.dtype for each in model.parameters())][-1]
    seen = {}

    def note(layer, inputs, output):
        seen[layer] = seen.get(layer, 0) + output.numel()

    handles = [each.register_forward_hook(note) for each in layers]
    try:
        model.eval()
        with torch.inference_mode():
            model(torch.ones([1, *input_shape], dtype=dtype))
    finally:
        [each.remove() for each in handles]
        for each in training:
            each.training = True
    return sum(times * (each.weight.numel() // each.weight.shape[0]) for each, times in seen.items())
