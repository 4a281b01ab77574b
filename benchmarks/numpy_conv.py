"""What a convolutional layer costs in NumPy, beside torch on one thread in the same run; and max pooling likewise.

Prints ratios to torch's processor time, median (lowest to highest), forwards and forwards with backwards, in float32
and float64. The ways take turns, in a new order each round. Seven and four loops would take minutes: they compute a few
outputs only, and their time is scaled up to all of them. `--runs N` sets the rounds (default 15), `--wall` uses the
clock instead of the processor's time, which is right on a quiet machine only.
"""

import argparse
import importlib.util
import random
import statistics
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits

EXAMINER = Path(__file__).resolve().parent.parent / "solutions" / "a2_numpy_convolution" / "examiner"
SHAPES = [  # x, w, padding
    ((8, 16, 32, 32), (32, 16, 3, 3), 1),
    ((32, 3, 32, 32), (16, 3, 5, 5), 2),
    ((1, 64, 56, 56), (64, 64, 3, 3), 1),
]
POOLS = [((8, 32, 32, 32), 2, 2), ((8, 32, 32, 32), 3, 2)]  # x as N C H W, kernel_size, stride
WAYS = ("taps", "windows", "im2col", "rows_channels_last", "fourier")
LOOPS = {"seven_loops": 6, "four_loops": 200}  # how many outputs are computed


def load(name):
    """Return a module of the examiner's folder, which is not importable by name."""
    spec = importlib.util.spec_from_file_location(name, EXAMINER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def jobs_of(shape, filters, padding, dtype, peers, fast):
    """Return two mappings from a way's name to (function, factor): forwards, and forwards with backwards.

    Every way is compared with torch first; raises AssertionError where one disagrees.
    """
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(size).astype(dtype) for size in (shape, filters, filters[:1]))
    tensors = [torch.from_numpy(array).requires_grad_() for array in (x, w, b)]
    y = F.conv2d(*tensors, padding=padding)
    dout = rng.standard_normal(tuple(y.shape)).astype(dtype)
    up = torch.from_numpy(dout)
    truth = [y.detach().numpy(), *(grad.numpy() for grad in torch.autograd.grad(y, tensors, up))]

    def agree(name, got):
        for mine, true in zip(got, truth, strict=True):
            error = np.abs(mine - true).max() / np.abs(true).max()
            assert error < (1e-4 if dtype == np.float32 else 1e-10), (
                f"{name} is off by {error:.1e} of the largest number"
            )

    def forwards():
        with torch.no_grad():
            F.conv2d(*tensors, padding=padding)

    forward = {"torch": (forwards, 1.0)}
    both = {"torch": (lambda: torch.autograd.grad(F.conv2d(*tensors, padding=padding), tensors, up), 1.0)}
    pairs = {name: (getattr(peers, name), getattr(peers, f"{name}_backward")) for name in WAYS}
    pairs["fast"] = (
        lambda x, w, b, padding: fast.conv2d(x, w, b, 1, padding),
        lambda dout, x, w, padding: fast.conv2d_backward(dout, x, w, 1, padding),
    )
    for name, (there, back) in pairs.items():
        agree(name, (there(x, w, b, padding), *back(dout, x, w, padding)))
        forward[name] = (lambda there=there: there(x, w, b, padding), 1.0)
        both[name] = (lambda there=there, back=back: (there(x, w, b, padding), back(dout, x, w, padding)), 1.0)
    for name, outputs in LOOPS.items():
        there, back = getattr(peers, name), getattr(peers, f"{name}_backward")
        assert np.allclose(there(x, w, b, padding, outputs), truth[0].ravel()[:outputs], rtol=1e-3, atol=1e-4), name
        factor = dout.size / outputs
        forward[name] = (lambda there=there, outputs=outputs: there(x, w, b, padding, outputs), factor)
        both[name] = (
            lambda there=there, back=back, outputs=outputs: (
                there(x, w, b, padding, outputs),
                back(dout, x, w, padding, outputs),
            ),
            factor,
        )
    return forward, both


def pool_jobs(shape, kernel_size, stride, dtype, peers):
    """Return forwards, and forwards with backwards, for max pooling of channels-last arrays, checked against torch."""
    x = np.ascontiguousarray(np.random.default_rng(0).standard_normal(shape).astype(dtype).transpose(0, 2, 3, 1))
    given = torch.from_numpy(x).permute(0, 3, 1, 2).requires_grad_()  # N C H W, channels last in memory
    y = F.max_pool2d(given, kernel_size, stride)
    up = torch.randn_like(y)  # keeps the memory format of y
    dout = np.ascontiguousarray(up.permute(0, 2, 3, 1).numpy())
    mine, masks = peers.max_pool(x, kernel_size, stride)
    [true] = torch.autograd.grad(y, [given], up)
    assert np.array_equal(mine, y.detach().permute(0, 2, 3, 1).numpy())
    back = peers.max_pool_backward(dout, masks, x.shape, kernel_size, stride)
    assert np.allclose(back, true.permute(0, 2, 3, 1).numpy(), atol=1e-6)

    def forwards():
        with torch.no_grad():
            F.max_pool2d(given, kernel_size, stride)

    def ours():
        _y, masks = peers.max_pool(x, kernel_size, stride)
        peers.max_pool_backward(dout, masks, x.shape, kernel_size, stride)

    forward = {"torch": (forwards, 1.0), "slices, kept masks": (lambda: peers.max_pool(x, kernel_size, stride), 1.0)}
    both = {
        "torch": (lambda: torch.autograd.grad(F.max_pool2d(given, kernel_size, stride), [given], up), 1.0),
        "slices, kept masks": (ours, 1.0),
    }
    return forward, both


def measure(jobs, runs, clock):
    """Return for each way its ratios to torch's median time, one for each round after the first."""
    spent = {name: [] for name in jobs}
    names = list(jobs)
    for _ in range(runs + 1):
        random.shuffle(names)
        for name in names:
            function, factor = jobs[name]
            start = clock()
            function()
            spent[name].append(factor * (clock() - start))
    unit = statistics.median(spent["torch"][1:])
    return {name: sorted(time / unit for time in times[1:]) for name, times in spent.items()}


def show(title, columns, tables):
    """Print a table: a row for each way, a column for each shape."""
    print(f"\n{title}\n{'':22}" + "".join(f"{column:>28}" for column in columns))
    for name in tables[0]:
        cells = []
        for table in tables:
            digits = 0 if table[name][0] >= 100 else 2
            middle, least, most = (
                f"{value:,.{digits}f}" for value in (statistics.median(table[name]), table[name][0], table[name][-1])
            )
            cells.append(f"{f'{middle} ({least} to {most})':>28}")
        print(f"{name:22}" + "".join(cells))


def measure_all(runs, wall):
    """Measure every shape, precision and direction, and print the tables."""
    clock = time.perf_counter if wall else time.process_time
    peers, fast = load("fast_peers"), load("fast")
    kind = "clock" if wall else "processor"
    print(f"torch {torch.__version__}, NumPy {np.__version__}; {kind} time in units of torch's, {runs} runs")
    for dtype in (np.float32, np.float64):
        jobs = [jobs_of(*shape, dtype, peers, fast) for shape in SHAPES]
        columns = [f"{x}·{w}".replace(" ", "") for x, w, _ in SHAPES]
        for index, way in enumerate(("forwards", "forwards and backwards")):
            tables = [measure(pair[index], runs, clock) for pair in jobs]
            show(f"{np.dtype(dtype).name}, {way}", columns, tables)
    for dtype in (np.float32, np.float64):
        jobs = [pool_jobs(*pool, dtype, peers) for pool in POOLS]
        columns = [f"{x}".replace(" ", "") + f" {k}×{k}/{s}" for x, k, s in POOLS]
        for index, way in enumerate(("forwards", "forwards and backwards")):
            tables = [measure(pair[index], runs, clock) for pair in jobs]
            show(f"max pooling, {np.dtype(dtype).name}, {way}, beside torch channels-last", columns, tables)


def main():
    """Read the options, bind every library to one thread, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--wall", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        measure_all(options.runs, options.wall)


if __name__ == "__main__":
    main()
