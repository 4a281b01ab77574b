"""Lecture 12 without a browser: norms against torch, figures' numbers, explorers moved, reported tables, quizzes."""

import itertools
import re

import numpy as np
import pytest
import torch
import torchvision
from pictures import alt_of, answers_every_choice, move, refused, right, small
from torch import nn
from torchvision.models import get_model_weights, list_models

from course_utils.models.mobilenet import block_zoo
from course_utils.models.squeeze_excitation import ChannelGate, GatePlan
from course_utils.norms import KINDS, elements_read, sharing_sets, torch_norm
from course_utils.plots import modern as plots
from course_utils.reported import reported
from course_utils.widgets import load_quizzes
from course_utils.widgets import modern as explorers

SHAPE = (2, 4, 3, 2)
QUIZZES = ["L12.1", "L12.2", "L12.3", "L12.4", "L12.5", "Q22"]


@pytest.fixture(scope="module")
def entries():
    found = []
    for net in list_models(module=torchvision.models):
        for weights in get_model_weights(net):
            meta = weights.meta
            accuracy = meta["_metrics"]["ImageNet-1K"]["acc@1"]
            if accuracy == accuracy:
                parameters = meta["num_params"] / 1e6
                found.append(plots.Published(net, weights.name, parameters, meta["_ops"], accuracy))
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_sets_are_what_torch_reads(kind, groups):
    sets, layer = sharing_sets(kind, SHAPE, groups), torch_norm(kind, SHAPE, groups)
    assert sets.shape == SHAPE
    assert set(sets.ravel()) == set(range(sets.max() + 1))
    for at in itertools.product(*map(range, SHAPE)):
        assert np.array_equal(elements_read(layer, SHAPE, at), sets == sets[at])


@pytest.mark.parametrize("kind", KINDS)
def test_each_set_of_torchs_output_has_mean_0_and_variance_1(kind):
    sets = sharing_sets(kind, (3, 6, 5, 4), 3)
    x = torch.randn(3, 6, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 4 - 2
    y, given = torch_norm(kind, (3, 6, 5, 4), 3)(x).numpy(), x.numpy()
    for number in range(sets.max() + 1):
        mine = sets == number
        assert y[mine].mean() == pytest.approx(0, abs=1e-9)
        assert y[mine] == pytest.approx(
            (given[mine] - given[mine].mean()) / np.sqrt(given[mine].var() + 1e-5), rel=1e-4
        )


def test_sets_are_the_axes_that_papers_name():
    axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "pixel": (1,)}
    for kind, shared in axes.items():
        own = np.ones(SHAPE).sum(axis=shared).size
        sets = sharing_sets(kind, SHAPE)
        assert sets.max() + 1 == own
        moved = np.moveaxis(sets, shared, range(-len(shared), 0)).reshape(own, -1)
        assert (moved == moved[:, :1]).all()
    assert np.array_equal(sharing_sets("group", SHAPE, 1), sharing_sets("layer", SHAPE))
    assert np.array_equal(sharing_sets("group", SHAPE, 4), sharing_sets("instance", SHAPE))


def test_batch_norm_in_eval_mode_reads_one_element():
    layer = torch_norm("batch", SHAPE).eval()
    assert elements_read(layer, SHAPE, (1, 2, 0, 1)).sum() == 1


def test_mixing_macs_are_those_of_the_formulas():
    for side, channels in ((7, 16), (14, 32)):
        n, c = side**2, channels
        found = plots.mixing_macs(side, channels)
        assert found["attention, all places"] == 4 * n * c * c + 2 * n * n * c
        assert found["attention in windows of 7×7"] == 4 * n * c * c + 2 * n * 49 * c
        assert found["convolution 3×3"] == 9 * n * c * c
        assert found["depthwise 7×7, then 1×1"] == 49 * n * c + n * c * c


def test_entries_have_families(entries):
    families = {entry.net: entry.family for entry in entries}
    assert len(families) == 80
    assert families["resnet50"] == "resnet"
    assert families["wide_resnet50_2"] == "wide_resnet"
    assert families["vgg16_bn"] == families["vgg11"] == "vgg"
    assert families["swin_v2_t"] == "swin_v2"
    assert families["swin_t"] == "swin"
    assert families["regnet_x_8gf"] == "regnet_x"
    assert plots.Published("3d", "V1", 1, 1, 1).family == "3d"


def test_accuracy_figure_says_its_points(entries):
    alt = small(plots.draw_accuracy_cost(entries, "parameters", "squeezenet")).alt
    assert f"{len(entries)} published sets of weights" in alt
    assert "squeezenet1_0 IMAGENET1K_V1 1.25 M 58.1 %" in alt
    front, best = 0, 0.0
    for entry in sorted(entries, key=lambda e: (e.macs, e.accuracy)):
        front, best = front + (entry.accuracy > best), max(best, entry.accuracy)
    alt = small(plots.draw_accuracy_cost(entries)).alt
    assert f"{front} are best at their cost, from 60.6 to {best:.1f} %" in alt


def test_cube_and_tile_figures_count_the_sets():
    alt = small(plots.draw_cubes((3, 4, 2, 2), groups=4)).alt
    for words in ("batch norm: 12 of 48", "layer norm (C, H, W): 16", "instance norm: 4", "4 groups: 4", "(C): 4"):
        assert words in alt
    assert "36 of 288 elements share one mean; 8 means in all" in small(plots.draw_sharing("group", 0, 7)).alt
    assert "8 of 288 elements share one mean; 36 means" in small(plots.draw_sharing("pixel", 3, 0)).alt


def test_gate_figures_say_their_numbers():
    alt = small(plots.draw_gate_cost(16)).alt
    assert "In all 2,514,944, 63% in one" in alt
    for stage, count in enumerate((24_576, 131_072, 786_432, 1_572_864), start=1):
        assert re.search(rf"stage {stage}: .*?: {count:,}", alt)
    labels = np.arange(40) % 10
    gates = [np.tile(labels[:, None] / 10, (1, 3)), np.full((40, 2), 0.5)]
    alt = small(plots.draw_class_gates(gates, labels, ["first", "last"])).alt
    assert "first: class means from 0.00 to 0.90; last: class means from 0.50 to 0.50" in alt


def test_block_figure_says_the_counts_of_the_zoo():
    alt = small(plots.draw_blocks(32, 14, 5, groups=2, expansion=2)).alt
    for name, block in block_zoo(32, 5, 2, 2).items():
        weights = sum(parameter.numel() for parameter in block.parameters())
        assert f"{name} {weights:,}" in alt
        assert f"{name} {weights * 14 * 14:,}" in alt


@pytest.mark.parametrize(("columns", "layers", "joins"), [(1, 1, 0), (2, 3, 1), (3, 7, 2), (4, 15, 4)])
def test_fractal_figure_counts_layers_and_joins(columns, layers, joins):
    alt = small(plots.draw_fractal(columns)).alt
    assert f"with {layers} layers and {joins} joins" in alt
    assert f"the longest {2 ** (columns - 1)}" in alt


def test_road_figure_says_costs_and_reported_ends():
    stops = [plots.RoadStop("a", 1_500_000, 2_000_000_000, 79.0), plots.RoadStop("b", 10_000, 4_560_000_000)]
    alt = small(plots.draw_road([*stops, plots.RoadStop("c", 1, 1, 80.5)])).alt
    assert "a 2.00 G, 1.50 M; b 4.56 G, 0.01 M" in alt
    assert "from 79 to 80.5 %" in alt
    assert "reported accuracy" not in small(plots.draw_road(stops[1:])).alt


def test_attention_figure_says_where_the_curves_meet():
    alt = small(plots.draw_attention_cost(32)).alt
    first = plots.mixing_macs(7, 32)["convolution 3×3"] / 1e6
    assert f"convolution 3×3 from {first:,.1f} M" in alt
    assert "at 80 places" in alt
    n, c = 80, 32
    assert 4 * n * c * c + 2 * n * n * c == 9 * n * c * c


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sharing_sets("row", SHAPE), "no norm 'row'; there are batch, layer"),
        (lambda: sharing_sets("batch", (2, 3, 4)), "must be four numbers"),
        (lambda: sharing_sets("group", SHAPE, 3), "3 groups do not divide 4 channels"),
        (lambda: torch_norm("group", SHAPE, 0), "0 groups"),
        (lambda: elements_read(nn.ReLU(), SHAPE, (0, 4, 0, 0)), "is no element of an array"),
        (lambda: plots.draw_sharing("batch", 4, 0), "no channel 0 of picture 4"),
        (lambda: plots.draw_fractal(6), "columns is 6"),
        (lambda: plots.draw_road([]), "no steps"),
        (lambda: plots.draw_accuracy_cost([], "MACs", "resnet"), "no family 'resnet'"),
        (lambda: plots.draw_class_gates([np.zeros((3, 2))], np.zeros(4), ["a"]), "4 rows each"),
        (lambda: plots.mixing_macs(0, 4), "side is 0"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_gate_explorer_moves():
    explorer = explorers.gate_cost_explorer()
    assert "2,514,944" in alt_of(explorer)
    weights = sum(2 * n * c * c for n, c in zip((3, 4, 6, 3), (256, 512, 1024, 2048), strict=True))
    move(explorer, reduction=1)
    assert f"In all {weights:,}" in alt_of(explorer)
    move(explorer, reduction=256, bias=True)
    biases = sum(n * (c + c // 256) for n, c in zip((3, 4, 6, 3), (256, 512, 1024, 2048), strict=True))
    assert f"In all {weights // 256 + biases:,}" in alt_of(explorer)


def test_sharing_explorer_moves_and_refuses_unequal_groups():
    explorer = explorers.sharing_explorer()
    for kind in KINDS:
        move(explorer, kind=kind)
        assert plots.TITLES[kind] in alt_of(explorer)
    move(explorer, kind="group", groups=3)
    assert refused(explorer)
    move(explorer, groups=8, n=3, c=0)
    assert "9 of 288" in alt_of(explorer)


def test_block_explorer_moves_and_refuses_what_does_not_divide():
    explorer = explorers.block_explorer()
    move(explorer, channels=512, kernel_size=11, side=7)
    assert "512 channels of 7 by 7, kernel_size 11" in alt_of(explorer)
    move(explorer, expansion=7)
    assert refused(explorer)
    move(explorer, expansion=8, groups=16)
    assert not refused(explorer)


def test_accuracy_explorer_moves(entries):
    explorer = explorers.accuracy_explorer(entries)
    move(explorer, cost="parameters", family="vit")
    assert "vit_h_14 IMAGENET1K_SWAG_E2E_V1 633 M 88.6 %" in alt_of(explorer)


def test_attention_explorer_moves():
    explorer = explorers.attention_explorer()
    move(explorer, channels=1024)
    assert "overtakes the 3 by 3 layer at 2,560 places" in alt_of(explorer)


def test_reported_tables_hold_pairs_and_steps():
    for table, relative in (("se_cifar10", (-18.2, -19.6, -9.1, -17.2)), ("se_cifar100", (-11.3, -12.4, -6.3, -2.8))):
        rows = reported(table)
        changes = [100 * (b.value - a.value) / a.value for a, b in zip(rows[::2], rows[1::2], strict=True)]
        assert [round(change, 1) for change in changes] == list(relative)
        assert all(b.name == f"{a.name}, with SE" for a, b in zip(rows[::2], rows[1::2], strict=True))
    steps = reported("convnext_steps")
    assert [row.value for row in steps][:2] == [76.1, 78.8]
    assert steps[-1].value == 82.0
    assert len(reported("se_coco")) == 8
    assert len(reported("se_places365")) == 6
    assert not any(row.verified for table in ("convnext_steps", "se_coco") for row in reported(table))


def test_steps_with_an_accuracy_are_steps_of_the_road():
    from course_utils.models.convnext import road

    names = [name for name, _plan in road()]
    told = [row.name for row in reported("convnext_steps")[1:]]
    assert told == [name for name in names if name in told]
    assert set(names) - set(told) == {"depthwise", "layer scale, last norm"}


def test_quizzes_with_a_number_have_the_one_that_is_computed():
    counts = {3: 0, 7: 0}
    for size in counts:
        block = block_zoo(96, size, expansion=4)["depthwise first (ConvNeXt)"]
        counts[size] = sum(parameter.numel() for parameter in block.parameters())
    assert right("L12.3") == f"about {100 * (counts[7] / counts[3] - 1):.0f} %"
    pairs = [plots.mixing_macs(side, 8)["attention, all places"] - 4 * side**2 * 64 for side in (7, 14)]
    assert right("L12.5") == str(pairs[1] // pairs[0])
    read = elements_read(nn.LayerNorm(5).double(), (2, 5, 4, 5), (1, 2, 3, 4))
    assert np.argwhere(read).tolist() == [[1, 2, 3, w] for w in range(5)]
    assert right("L12.2").endswith("of a row of a map")


def test_quizzes_about_gates_and_steps_have_the_right_answer():
    from course_utils.models.convnext import RoadNet, road

    torch.manual_seed(0)
    gate, maps = ChannelGate(GatePlan(6, 2)), torch.rand(1, 6, 4, 4)
    mixed = maps.flatten(2)[:, :, torch.randperm(16)].reshape(maps.shape)
    torch.testing.assert_close(gate.gates(mixed), gate.gates(maps))
    assert right("L12.1").startswith("Nothing")
    counts = []
    for _name, plan in road():
        with torch.device("meta"):
            counts.append(sum(parameter.numel() for parameter in RoadNet(plan).parameters()))
    names = [name for name, _plan in road()]
    drops = {name: before - after for name, before, after in zip(names[1:], counts, counts[1:], strict=False)}
    assert max(drops, key=drops.get) == "depthwise"
    assert right("L12.4") == "depthwise convolution"
    assert f"{drops['depthwise'] / 1e6:.1f} million" in load_quizzes()["L12.4"].because
    assert right("Q22").startswith("No: on pictures with other viewpoints")
    least, most, *_ = (row.value for row in reported("objectnet"))
    assert f"{least:g} to {most:g} per cent" in load_quizzes()["Q22"].because


@pytest.mark.parametrize("number", QUIZZES)
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
