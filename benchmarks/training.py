"""Training the course's nets on whatever device there is, beside plain torchvision code for the same nets.

For each net: images a second, forwards, backwards and a step of SGD, of the course's code and of torchvision's in the
same run, taking turns; float32 against bfloat16, channels-last, and compiled. Then the time to a stated accuracy on the
digits. Results go to `benchmarks/results/<device name>.md`. On a GPU everything runs at full size. On a CPU the default
is `--quick`: small pictures and batches, one thread, processor time; `--full` runs the full sizes all the same.
`--compile` compiles on a CPU too (half a minute a net or more), `--nets resnet lenet` picks nets.
"""

import argparse
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from course_utils.arithmetic import layer_table
from course_utils.data import Split, digits
from course_utils.device import autocast, device_name, one_thread, pick_device, seed_everything, synchronise
from course_utils.models.alexnet import build_alexnet
from course_utils.models.convnext import RoadNet, convnext_plan, small_convnext
from course_utils.models.densenet import build_densenet
from course_utils.models.googlenet import GoogLeNet
from course_utils.models.lenet import LeNet5, LeNetPlan
from course_utils.models.resnet import ResNet, SmallPlan, SmallResNet
from course_utils.models.vgg import build_small_vgg, build_vgg
from course_utils.timing import ratios, side_by_side
from course_utils.training import Recipe, TrainingRun

RESULTS = Path(__file__).resolve().parent / "results"
Build = Callable[[], nn.Module]


def plain_lenet() -> nn.Module:
    """Return LeNet-5 in plain torch: torchvision has none."""
    features = [nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)]
    head = [nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)]
    return nn.Sequential(*features, nn.Flatten(), *head)


def plain_googlenet() -> nn.Module:
    """Return torchvision's GoogLeNet without its side heads."""
    return torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False)


@dataclass(frozen=True)
class Net:
    """A net of the course and the plain one beside it; `small` is what a quick run trains, a batch and its shape."""

    ours: Build
    plain: Build
    shape: tuple[int, int, int] = (3, 224, 224)
    batch: int = 128
    small: tuple[int, tuple[int, int, int]] = (4, (3, 64, 64))
    classes: int = 1000


def nets(quick: bool) -> dict[str, Net]:
    """Return the nets by name; a quick run takes VGG's column A in place of D."""
    whole = torchvision.models
    vgg = ("A", whole.vgg11) if quick else ("D", whole.vgg16)
    side = (3, 224, 224)  # AlexNet and VGG here take no other
    return {
        "lenet": Net(lambda: LeNet5(LeNetPlan()), plain_lenet, (1, 32, 32), 4096, small=(100, (1, 32, 32)), classes=10),
        "alexnet": Net(lambda: build_alexnet("torchvision"), whole.alexnet, batch=512, small=(2, side)),
        f"vgg {vgg[0]}": Net(lambda: build_vgg(vgg[0]), vgg[1], small=(1, side)),
        "googlenet": Net(lambda: GoogLeNet("torchvision"), plain_googlenet),
        "resnet 18": Net(lambda: ResNet(18), whole.resnet18, batch=256),
        "resnet 50": Net(lambda: ResNet(50), whole.resnet50),
        "densenet 121": Net(lambda: build_densenet(121), whole.densenet121),
        "convnext T": Net(lambda: RoadNet(convnext_plan("T")), whole.convnext_tiny),
    }


def size_of(build: Build, shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return the parameters and the MACs of one picture, without memory for either."""
    with torch.device("meta"):
        net = build()
    return sum(p.numel() for p in net.parameters()), sum(row.macs for row in layer_table(net, shape))


def step(net: nn.Module, x: torch.Tensor, y: torch.Tensor, precision: str = "float32") -> Callable[[], None]:
    """Return a whole training step as a job; plain SGD, so that the optimizer keeps nothing."""
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-4)
    net.train()

    def job() -> None:
        optimizer.zero_grad()
        with autocast(x.device, precision):
            loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()

    return job


def speed(name: str, net: Net, device: torch.device, quick: bool, compiled: bool, rounds: int) -> list[str]:
    """Return the lines of the table for one net, after a check that both codes are nets of one size."""
    batch, shape = net.small if quick else (net.batch, net.shape)
    mine, theirs = size_of(net.ours, shape), size_of(net.plain, shape)
    assert mine == theirs, f"{name}: ours has {mine} parameters and MACs, the plain one {theirs}"
    seed_everything(0)
    x = torch.randn(batch, *shape, device=device)
    y = torch.randint(net.classes, (batch,), device=device)
    last = x.contiguous(memory_format=torch.channels_last)
    ours, plain = net.ours().to(device), net.plain().to(device)
    ours_last = net.ours().to(device).to(memory_format=torch.channels_last)
    jobs = {
        "plain": step(plain, x, y),
        "course": step(ours, x, y),
        "plain, bfloat16": step(plain, x, y, "bfloat16"),
        "course, bfloat16": step(ours, x, y, "bfloat16"),
        "course, channels-last": step(ours_last, last, y),
        "course, channels-last, bfloat16": step(ours_last, last, y, "bfloat16"),
    }
    took = {}
    if compiled:
        for label, precision in (("course, compiled", "float32"), ("course, compiled, bfloat16", "bfloat16")):
            torch._dynamo.reset()
            jobs[label] = step(torch.compile(net.ours().to(device)), x, y, precision)
            start = time.perf_counter()
            jobs[label]()
            synchronise(device)
            took[label] = f"{time.perf_counter() - start:.0f} s to compile"
    spent = side_by_side(jobs, rounds=rounds, device=device)
    print(f"{name}: {mine[0]:,} parameters, {mine[1]:,} MACs, batch {batch}", flush=True)
    lines = []
    for each in ratios(spent, "plain"):
        pace = batch / np.median(spent[each.name])
        cells = (
            name,
            each.name,
            f"{pace:,.{1 if pace < 100 else 0}f}",
            f"{1 / each.median:.2f} ({1 / each.high:.2f} to {1 / each.low:.2f})",
            took.get(each.name, ""),
        )
        lines.append(f"| {' | '.join(cells)} |")
        print("  ", lines[-1], flush=True)
    return lines


def enlarged(side: int) -> Split:
    """Return the digits as pictures of 3 channels, enlarged to a side, for nets that are made for photographs."""
    data = digits()
    x = [
        F.interpolate(torch.as_tensor(part), size=(side, side), mode="bilinear").repeat(1, 3, 1, 1).numpy()
        for part in (data.x_train, data.x_test)
    ]
    return replace(data, x_train=x[0], x_test=x[1])


def until(run: TrainingRun, target: float, every: int) -> tuple[int, float, float]:
    """Train until the test error is at most `target` per cent; return steps, seconds, and the last error."""
    clock = time.process_time if run.device.type == "cpu" else time.perf_counter
    synchronise(run.device)
    start = clock()
    while run.step < run.recipe.steps:
        run.advance(min(run.step + every, run.recipe.steps), every=every)
        if run.history.errors["test"][-1][1] <= target:
            break
    synchronise(run.device)
    return run.step, clock() - start, run.history.errors["test"][-1][1]


def accuracy_times(device: torch.device, quick: bool) -> list[str]:
    """Return the lines of the table of times to a stated accuracy."""
    photos, small = enlarged(32 if quick else 64), digits()
    if quick:
        photos = replace(photos, x_train=photos.x_train[:600], y_train=photos.y_train[:600])
    big = Recipe(steps=120 if quick else 400, lr=0.02, batch_size=32 if quick else 100, decay="linear")
    little = Recipe(steps=600, lr=0.03, batch_size=50, decay="linear")
    wanted = 8.0 if quick else 2.0
    cases: list[tuple[str, Build, Split, Recipe, float]] = [
        ("ResNet-18, course", lambda: ResNet(18, classes=10), photos, big, wanted),
        ("ResNet-18, torchvision", lambda: torchvision.models.resnet18(num_classes=10), photos, big, wanted),
        ("small VGG A", lambda: build_small_vgg("A"), small, little, 4.0),
        ("small ResNet, 8 layers", lambda: SmallResNet(SmallPlan(depth=8, width=8)), small, little, 4.0),
        ("small ConvNeXt", small_convnext, small, little, 4.0),
    ]
    lines = []
    for name, build, data, recipe, target in cases:
        for precision in ("float32",) if quick else ("float32", "bfloat16"):
            seed_everything(0)
            run = TrainingRun(build(), data, replace(recipe, precision=precision))
            steps, seconds, error = until(run, target, 20)
            reached = "reached" if error <= target else f"not reached: {error:.1f} %"
            shape = "×".join(map(str, data.x_train.shape[1:]))
            lines.append(f"| {name} | {shape} | {precision} | {target:g} % | {reached} | {steps} | {seconds:.1f} |")
            print("  ", lines[-1], flush=True)
    return lines


def report(name: str, how: str, speeds: list[str], times: list[str]) -> str:
    """Return the page of results."""
    versions = f"torch {torch.__version__}, torchvision {torchvision.__version__}"
    head = f"# Training on {name}\n\nMade by `benchmarks/training.py`; {how}; {versions}.\n\n"
    first = (
        "## Images a second\n\nA step is forwards, backwards and SGD, on random pictures. The ratio is that of the "
        "images a second to the plain code's, median and middle half of the rounds, taking turns.\n\n"
        "| net | code | images a second | ratio to plain | |\n|---|---|---|---|---|\n"
    )
    second = (
        "\n## Time to a stated accuracy\n\nThe digits, enlarged where a net is made for photographs; 597 for the test, "
        "1,200 for training (quick: ResNet-18 gets 600). SGD with momentum. The test error is measured every 20 steps, "
        "which counts in the time (processor time on a CPU).\n\n"
        "| net | input | precision | test error wanted | | steps | seconds |\n|---|---|---|---|---|---|---|\n"
    )
    return head + first + "\n".join(speeds) + "\n" + second + "\n".join(times) + "\n"


def main() -> None:
    """Read the options, measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true")
    size.add_argument("--full", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--nets", nargs="*", default=[], help="parts of names, such as resnet")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    device = pick_device()
    on_cpu = device.type == "cpu"
    quick = options.quick or (on_cpu and not options.full)
    rounds = options.rounds or (3 if on_cpu else 11)
    if on_cpu:
        one_thread()
    chosen = {
        name: net for name, net in nets(quick).items() if not options.nets or any(each in name for each in options.nets)
    }
    if not chosen:
        parser.error(f"no net is called {options.nets}; there are {', '.join(nets(quick))}")
    name = device_name(device)
    how = f"{'quick' if quick else 'full'} sizes, {rounds} rounds"
    how += ", one thread, processor time for the images" if on_cpu else ""
    print(f"{name}: {how}", flush=True)
    speeds = []
    for each, net in chosen.items():
        speeds += speed(each, net, device, quick, options.compile or not on_cpu, rounds)
    times = accuracy_times(device, quick)
    options.out.mkdir(parents=True, exist_ok=True)
    page = options.out / f"{re.sub('[^A-Za-z0-9.]+', '_', name).strip('_')}.md"
    page.write_text(report(name, how, speeds, times), encoding="utf-8")
    print(f"written: {page}")


if __name__ == "__main__":
    main()
