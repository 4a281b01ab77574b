"""The fast reference convolution and its peers against torch; the workspaces leave no trace between calls."""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parent.parent
EXAMINER = ROOT / "solutions" / "a2_numpy_convolution" / "examiner"
TOLERANCE = {np.float32: {"rtol": 1e-3, "atol": 1e-4}, np.float64: {"rtol": 1e-9, "atol": 1e-10}}
LOOPS = ("seven_loops", "four_loops")
WAYS = ("taps", "windows", "im2col", "rows_channels_last", "fourier")


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMINER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fast, peers = load("fast"), load("fast_peers")


def by_torch(x, w, b, dout=None, **arguments):
    """Return y and, given dout, (dx, dw, db), all by torch."""
    tensors = [torch.tensor(array, requires_grad=True) for array in (x, w, b)]
    y = F.conv2d(*tensors, **arguments)
    if dout is None:
        return y.detach().numpy()
    return y.detach().numpy(), *(g.numpy() for g in torch.autograd.grad(y, tensors, torch.tensor(dout)))


def drawn(rng, shape, filters, dtype=np.float64):
    return tuple(rng.standard_normal(size).astype(dtype) for size in (shape, filters, filters[:1]))


def agree(mine, true, dtype=np.float64):
    for one, other in zip(mine, true, strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, **TOLERANCE[dtype])


def check(rng, shape, filters, dtype=np.float64, **arguments):
    """Compare y, dx, dw and db with torch's for one layer."""
    x, w, b = drawn(rng, shape, filters, dtype)
    dout = rng.standard_normal(by_torch(x, w, b, **arguments).shape).astype(dtype)
    mine = fast.conv2d(x, w, b, **arguments), *fast.conv2d_backward(dout, x, w, **arguments)
    agree(mine, by_torch(x, w, b, dout, **arguments), dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "filters", "padding"),
    [((8, 16, 32, 32), (32, 16, 3, 3), 1), ((4, 3, 32, 32), (16, 3, 5, 5), 2), ((1, 64, 56, 56), (64, 64, 3, 3), 1)],
)
def test_benchmark_shapes(shape, filters, padding, dtype):
    check(np.random.default_rng(0), shape, filters, dtype, padding=padding)


STRIDES, PADDINGS, DILATIONS = ((1, 1), (2, 1), (1, 3), (3, 2)), ((0, 0), (1, 2), (4, 3)), ((1, 1), (2, 3))


@pytest.mark.parametrize(("stride", "padding", "dilation"), itertools.product(STRIDES, PADDINGS, DILATIONS))
def test_unequal_sizes_strides_paddings_dilations(stride, padding, dilation):
    rng = np.random.default_rng(1)
    for kernel in ((1, 1), (3, 2), (2, 4)):
        check(rng, (2, 3, 9, 11), (4, 3, *kernel), stride=stride, padding=padding, dilation=dilation)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("channels", "filters", "groups"), [(6, 4, 2), (6, 9, 3), (5, 5, 5), (4, 8, 4), (1, 1, 1)])
def test_groups_and_depthwise(channels, filters, groups, stride):
    check(
        np.random.default_rng(2),
        (3, channels, 7, 6),
        (filters, channels // groups, 3, 2),
        stride=stride,
        padding=1,
        groups=groups,
    )


def test_random_layers():
    rng = np.random.default_rng(3)
    for _ in range(150):
        groups, kernel, dilation = rng.integers(1, 4), rng.integers(1, 5, 2), rng.integers(1, 4, 2)
        padding, stride = rng.integers(0, 4, 2), rng.integers(1, 4, 2)
        size = np.maximum(1, dilation * (kernel - 1) + 1 - 2 * padding) + rng.integers(0, 6, 2)
        shape = (rng.integers(1, 4), groups * rng.integers(1, 4), *size)
        filters = (groups * rng.integers(1, 4), shape[1] // groups, *kernel)
        pairs = {"stride": stride, "padding": padding, "dilation": dilation}
        arguments = {name: tuple(pair.tolist()) for name, pair in pairs.items()}
        check(rng, shape, filters, groups=int(groups), **arguments)


def test_remainders_and_windows_as_large_as_the_picture():
    rng = np.random.default_rng(4)
    check(rng, (2, 2, 8, 9), (3, 2, 3, 3), stride=(3, 2))
    check(rng, (2, 2, 5, 4), (3, 2, 5, 4))
    check(rng, (2, 2, 5, 4), (3, 2, 5, 4), stride=2)
    check(rng, (1, 1, 1, 1), (1, 1, 1, 1))
    check(rng, (2, 1, 4, 4), (1, 1, 1, 1), stride=3, padding=2)


def test_no_bias_and_whole_numbers_as_arguments():
    x, w, _ = drawn(np.random.default_rng(5), (2, 3, 6, 5), (4, 3, 2, 3))
    np.testing.assert_allclose(
        fast.conv2d(x, w, None, np.int64(2), np.int64(1)), by_torch(x, w, np.zeros(4), stride=2, padding=1)
    )


def test_workspaces_leave_no_trace_between_calls():
    rng = np.random.default_rng(6)
    layers = [((2, 3, 8, 8), (4, 3, 3, 3), s, p) for s in (1, 2) for p in (0, 1, 2)] * 2  # the same geometries again
    layers += [
        ((2, 4, 8, 8), (3, 4, 3, 3), 1, 1),
        ((2, 3, 9, 8), (4, 3, 2, 3), 1, 3),
        ((2, 3, 9, 7), (4, 3, 1, 3), 2, 3),
    ]
    kept = []
    for shape, filters, stride, padding in layers:
        x, w, b = drawn(rng, shape, filters)
        y = fast.conv2d(x, w, b, stride, padding)
        dout = rng.standard_normal(y.shape)
        gradients = fast.conv2d_backward(dout, x, w, stride, padding)
        kept.append(((y, *gradients), by_torch(x, w, b, dout, stride=stride, padding=padding)))
    for mine, true in kept:  # compared at the end: a later call must not write into an earlier result
        agree(mine, true)


@pytest.mark.parametrize("stride", [1, 2])
def test_inputs_stay_and_memory_order_does_not_matter(stride):
    rng = np.random.default_rng(7)
    x, w, b = drawn(rng, (2, 3, 9, 8), (4, 3, 3, 2))
    dout = rng.standard_normal(by_torch(x, w, b, stride=stride, padding=1).shape)
    true = by_torch(x, w, b, dout, stride=stride, padding=1)
    orders = [
        (np.asfortranarray(x), np.asfortranarray(w), np.asfortranarray(dout)),
        tuple(np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2) for a in (x, w, dout)),
        tuple(a[..., ::-1].copy()[..., ::-1] for a in (x, w, dout)),
    ]
    for one_x, one_w, one_dout in orders:
        for array in (one_x, one_w, one_dout):
            array.flags.writeable = False
        mine = fast.conv2d(one_x, one_w, b, stride, 1), *fast.conv2d_backward(one_dout, one_x, one_w, stride, 1)
        agree(mine, true)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_backward_is_the_adjoint(stride):
    rng = np.random.default_rng(8)
    x, w, _ = drawn(rng, (2, 3, 10, 9), (4, 3, 3, 2))
    y = fast.conv2d(x, w, None, stride, 2)
    dout = rng.standard_normal(y.shape)
    dx, dw, db = fast.conv2d_backward(dout, x, w, stride, 2)
    for inner in ((x * dx).sum(), (w * dw).sum()):
        assert inner == pytest.approx((y * dout).sum())
    np.testing.assert_allclose(db, dout.sum(axis=(0, 2, 3)))


def test_what_cannot_be_meant_is_refused():
    x, w = np.zeros((2, 4, 5, 5)), np.zeros((6, 2, 3, 3))
    ones = {"groups": 2}
    for error, message, arguments in (
        (TypeError, "int64", (x.astype(int), w.astype(int))),
        (TypeError, "float32", (x.astype(np.float32), w)),
        (ValueError, "four axes", (x[0], w)),
        (ValueError, "groups", (x, w[:5])),
        (ValueError, "groups", (x[:, :3], w)),
        (ValueError, "stride is 0", (x, w, None, 0)),
        (ValueError, "padding is", (x, w, None, 1, (1, -1))),
        (ValueError, "dilation is 0", (x, w, None, 1, 0, 0)),
        (ValueError, "does not fit", (x, w, None, 1, 0, 3)),
    ):
        with pytest.raises(error, match=message):
            fast.conv2d(*arguments, **ones)
    with pytest.raises(ValueError, match=r"the output has \(2, 6, 3, 3\)"):
        fast.conv2d_backward(np.zeros((2, 6, 3, 4)), x, w, groups=2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", WAYS)
def test_peers_agree_with_torch(name, dtype):
    rng = np.random.default_rng(9)
    for shape, filters, padding in (((2, 3, 8, 7), (4, 3, 3, 2), 1), ((3, 2, 6, 9), (5, 2, 5, 4), 2)):
        x, w, b = drawn(rng, shape, filters, dtype)
        dout = rng.standard_normal(by_torch(x, w, b, padding=padding).shape).astype(dtype)
        mine = getattr(peers, name)(x, w, b, padding), *getattr(peers, f"{name}_backward")(dout, x, w, padding)
        agree(mine, by_torch(x, w, b, dout, padding=padding), dtype)


@pytest.mark.parametrize("name", LOOPS)
def test_loops_agree_with_torch_as_far_as_they_run(name):
    x, w, b = drawn(np.random.default_rng(10), (2, 3, 4, 5), (2, 3, 3, 2))
    y = by_torch(x, w, b, padding=1)
    for outputs in (1, 7, y.size):
        np.testing.assert_allclose(getattr(peers, name)(x, w, b, 1, outputs), y.ravel()[:outputs])
        dout = np.zeros_like(y)
        dout.ravel()[:outputs] = np.random.default_rng(11).standard_normal(outputs)
        agree(getattr(peers, f"{name}_backward")(dout, x, w, 1, outputs), by_torch(x, w, b, dout, padding=1)[1:])


@pytest.mark.parametrize(("kernel_size", "stride"), [(2, 2), (3, 2), (2, 1), (2, 3), (3, 3)])
def test_pooling_by_slices_with_ties_and_overlaps(kernel_size, stride):
    rng = np.random.default_rng(12)
    x = rng.integers(-3, 1, (2, 7, 9, 3)).astype(np.float32)  # ties in nearly every window, and no number above 0
    given = torch.tensor(x).permute(0, 3, 1, 2).requires_grad_()
    y = F.max_pool2d(given, kernel_size, stride)
    dout = rng.standard_normal(tuple(y.permute(0, 2, 3, 1).shape)).astype(np.float32)
    [true] = torch.autograd.grad(y, [given], torch.tensor(dout).permute(0, 3, 1, 2))
    mine, masks = peers.max_pool(x, kernel_size, stride)
    np.testing.assert_array_equal(mine, y.detach().permute(0, 2, 3, 1).numpy())
    assert (masks.sum(axis=0) == 1).all()
    dx = peers.max_pool_backward(dout, masks, x.shape, kernel_size, stride)
    np.testing.assert_allclose(dx, true.permute(0, 2, 3, 1).numpy(), atol=1e-6)


def test_the_fast_reference_is_numpy_alone_and_out_of_students_reach():
    text = (EXAMINER / "fast.py").read_text()
    imports = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert imports == [
        "from functools import lru_cache",
        "import numpy as np",
        "from numpy.lib.stride_tricks import sliding_window_view",
    ]
    assert not list((ROOT / "course_utils").rglob("fast*.py"))
