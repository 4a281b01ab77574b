"""Lecture 16 without a browser: nets, folds, searches and tests against other sources, figures, explorers, quizzes."""

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import optuna
import pytest
import torch
from pictures import alt_of, answers_every_choice, move, refused, right, small
from scipy import stats
from torch import nn
from torch.nn import functional as F

from course_utils.choosing import judging, nets, searches
from course_utils.choosing.nets import PlainNets, PlainPlan
from course_utils.choosing.searches import Axis, Landscape, Table
from course_utils.data import Split, digits
from course_utils.plots import choosing as plots
from course_utils.widgets import choosing as explorers
from course_utils.widgets import load_quizzes

RATE, DECAY = Axis("learning rate", 1e-3, 1.0, log=True), Axis("weight decay", 0.0, 0.2)
QUIZZES = ["L16.1", "L16.2", "L16.3", "L16.4", "L16.5", "Q26"]


@pytest.fixture(scope="module")
def few():
    data = digits()
    return Split(data.x_train[:96], data.y_train[:96], data.x_test[:200], data.y_test[:200])


def one_of(model, member):
    """Return one member of grouped nets as a net of torch's own layers, built by hand."""

    def mine(part):
        return part.detach().chunk(model.plan.members)[member].clone()

    layers = []
    for number, (layer, norm) in enumerate(zip(model.layers, model.norms, strict=True), start=1):
        weight = mine(layer.weight)
        single = nn.Conv2d(weight.shape[1], len(weight), weight.shape[2], padding=weight.shape[2] // 2, bias=False)
        own = nn.BatchNorm2d(len(weight))
        single.weight.data = weight
        own.weight.data, own.bias.data = mine(norm.weight), mine(norm.bias)
        own.running_mean, own.running_var = mine(norm.running_mean), mine(norm.running_var)
        layers += [single, own, nn.ReLU()] + [nn.MaxPool2d(2)] * (number == model.plan.pool_after)
    head = nn.Linear(model.plan.width, 10)
    head.weight.data, head.bias.data = mine(model.head.weight).flatten(1), mine(model.head.bias)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head).eval()


@pytest.mark.parametrize("plan", [PlainPlan(1, 3, members=2), PlainPlan(3, 2, 2, 5, members=3)])
def test_members_are_nets_that_never_meet(plan):
    model = PlainNets(plan, first_seed=4)
    x = torch.rand(6, plan.members, 8, 8, generator=torch.Generator().manual_seed(1))
    model(x)  # in training, so that the running statistics are not those of a fresh layer
    scores = model.eval()(x)
    assert scores.shape == (6, plan.members, 10)
    for member in range(plan.members):
        torch.testing.assert_close(scores[:, member], one_of(model, member)(x[:, member, None]))
    alone = PlainNets(replace(plan, members=1), first_seed=4 + 1)
    alone(x[:, 1:2])
    alone.eval()
    torch.testing.assert_close(alone(x[:, 1:2])[:, 0], scores[:, 1])


def test_costs_are_those_of_the_formulas():
    for depth, width, pool_after, k in ((1, 7, 1, 3), (3, 6, 2, 7)):
        parameters = k * k * width + (depth - 1) * k * k * width * width + 2 * depth * width + 10 * width + 10
        places = [64 if layer <= pool_after else 16 for layer in range(1, depth + 1)]
        macs = k * k * width * 64 + sum(k * k * width * width * count for count in places[1:]) + 10 * width
        assert nets.plan_cost(PlainPlan(depth, width, pool_after, k, members=3)) == (parameters, macs)


def test_equal_plans_are_the_nearest():
    for plan in nets.equal_plans(3000, (1, 3, 9), members=2):
        here = abs(nets.plan_cost(plan)[0] - 3000)
        for other in (plan.width - 1, plan.width + 1):
            assert abs(nets.plan_cost(replace(plan, width=other))[0] - 3000) >= here
        assert plan.members == 2


def test_a_member_learns_as_if_it_were_alone(few):
    plan = PlainPlan(2, 4, members=2)
    both = nets.trained_members(plan, few, steps=5, batch_size=16, first_seed=3)
    alone = nets.trained_members(replace(plan, members=1), few, steps=5, batch_size=16, first_seed=4)
    for grouped, single in zip(both.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(grouped.chunk(2)[1], single, rtol=1e-3, atol=1e-5)
    long = nets.trained_members(PlainPlan(2, 12, members=2), few, steps=60)
    wrong = nets.errors_of_members(long, few.x_train, few.y_train)
    assert wrong.shape == (2,)
    assert wrong.max() < 40
    guesses = long(torch.tensor(few.x_train).expand(-1, 2, -1, -1)).argmax(dim=2).numpy()
    assert wrong == pytest.approx([100 * np.mean(guesses[:, m] != few.y_train) for m in (0, 1)])


def test_the_table_is_what_torchs_sgd_gives(few):
    plan, shape = PlainPlan(2, 3), (3, 2)
    axes = Axis("rate", 0.01, 1.0, log=True), Axis("decay", 0.0, 0.3)
    table = nets.rate_table(few, *axes, shape, steps=6, plan=plan, batch_size=16, seed=2)
    order = np.random.default_rng(2).permutation(96)[: 6 * 16].reshape(6, 16)
    for (i, rate), (j, decay) in itertools.product(*(enumerate(a.ticks(n)) for a, n in zip(axes, shape, strict=True))):
        model = PlainNets(plan, 2)
        optimizer = torch.optim.SGD(model.parameters(), float(rate), momentum=0.9, weight_decay=float(decay))
        for batch in order:
            optimizer.zero_grad()
            x, y = torch.tensor(few.x_train[batch]), torch.tensor(few.y_train[batch])
            F.cross_entropy(model(x)[:, 0], y).backward()
            optimizer.step()
        found = 100 - nets.errors_of_members(model, few.x_test, few.y_test)[0]
        assert table.values[i, j] == pytest.approx(found, abs=1.1)  # one or two of 200 digits on the edge


def test_axes_and_tables_read_between_their_ticks():
    assert RATE.ticks(4) == pytest.approx([1e-3, 1e-2, 1e-1, 1])
    assert RATE.place(0.1) == pytest.approx(2 / 3)
    assert DECAY.place(0.05) == pytest.approx(0.25)
    table = Table((RATE, DECAY), np.array([[0.0, 10.0], [30.0, 40.0]]))
    assert table.value(1e-3, 0.2) == pytest.approx(10)
    assert table.value(10**-1.5, 0.1) == pytest.approx(20)


def test_a_landscape_is_the_product_of_two_bells():
    land = Landscape((0.3, 0.6), (0.1, 0.4))
    assert land.value(0.3, 0.6) == 1
    assert land.value(0.4, 0.2) == pytest.approx(math.exp(-1 - 1))
    turned = Landscape((0.5, 0.5), (0.1, 2.0), degrees=90)
    assert turned.value(0.5, 0.6) == pytest.approx(math.exp(-1))
    along = Landscape((0.5, 0.5), (0.05, 50.0), degrees=45)
    assert max(along.value(0.6, 0.6), along.value(0.6, 0.4)) == pytest.approx(1, abs=1e-4)
    assert Landscape((0.5, 0.5), (0.1, 0.1)).share_above(math.exp(-4)) == pytest.approx(math.pi * 0.04, rel=0.01)


def test_contest_has_the_figures_of_the_question():
    """Curriculum Q26: a grid at 0.023, random points at 0.836 on average, ahead in 99.6 % of 2,000 repeats."""
    contest = searches.hold_contest(Landscape(), repeats=2000)
    assert contest.grid == pytest.approx(0.023, abs=0.0005)
    assert contest.random.mean() == pytest.approx(0.836, abs=0.012)
    share = Landscape().share_above(contest.grid.max())
    assert share == pytest.approx(0.2, abs=0.004)
    assert contest.random_wins == pytest.approx(1 - 0.8**25, abs=0.004)
    on_top = searches.hold_contest(Landscape((0.5, 0.5)), repeats=100)
    assert on_top.random_wins == 0
    assert on_top.grid == pytest.approx(1)


def test_with_two_axes_alike_the_grid_wins_more_often():
    fair = searches.hold_contest(Landscape(widths=(0.15, 0.15)), anywhere=True)
    assert fair.random_wins < 0.45
    assert fair.grid.mean() > fair.random.mean()
    assert right("L16.3").startswith("A grid")
    ridge = searches.hold_contest(Landscape(), anywhere=True)
    assert ridge.random.mean() > ridge.grid.mean() + 0.3


def test_a_latin_hypercube_has_a_value_in_every_row():
    flat = searches.hold_contest(Landscape((0.5, 0.5), (0.04, 1e6)), side=5, repeats=200)
    assert flat.latin.min() > math.exp(-((0.02 / 0.04) ** 2)) - 1e-9  # a row is 1/25 wide: nobody is further off


def test_samplers_are_optunas_and_keep_the_best():
    best = searches.compare_samplers(Landscape((0.5, 0.25)), side=3, repeats=2, seed=5)
    assert {name: values.shape for name, values in best.items()} == dict.fromkeys(("grid", "random", "TPE"), (2, 9))
    assert all((np.diff(values) >= 0).all() for values in best.values())
    lattice = Landscape((0.5, 0.25)).heights(searches.lattice(3)).max()
    assert best["grid"][:, -1] == pytest.approx([lattice] * 2)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=6))
    land = Landscape((0.5, 0.25))
    study.optimize(lambda t: land.value(t.suggest_float("x", 0, 1), t.suggest_float("y", 0, 1)), n_trials=9)
    assert best["random"][1, -1] == pytest.approx(study.best_value)


def test_samplers_take_a_table():
    table = Table((RATE, replace(DECAY, low=1e-4, log=True)), np.arange(12.0).reshape(4, 3))
    best = searches.compare_samplers(table, side=2, repeats=1)
    assert best["grid"][0, -1] == pytest.approx(9 * 0.75 + 2 * 0.75)


def test_belief_is_sure_where_it_has_looked_and_finds_the_top():
    curve = np.exp(-((np.linspace(0, 1, 41) - 0.63) ** 2) / 0.02)
    belief = searches.follow_belief(curve, 9)
    assert len(belief.tried) == len(set(belief.tried)) == 9
    assert belief.mean[belief.tried] == pytest.approx(belief.curve[belief.tried], abs=0.02)
    assert belief.spread[belief.tried].max() < belief.spread.max() / 3
    assert belief.curve[belief.tried].max() > 0.97
    start = searches.follow_belief(curve, 2)
    gain = stats.norm.expect(
        lambda v: max(0, v - start.curve[start.tried].max()), loc=start.mean[90], scale=start.spread[90]
    )
    assert start.gain[90] == pytest.approx(gain, rel=1e-3)


def test_folds_hold_each_digit_out_once():
    held, wrong = judging.fold_errors(4, 30, seed=1)
    assert sorted(np.concatenate(held)) == list(range(30))
    assert len(wrong) == 4
    assert "4 folds of 30 digits" in small(plots.draw_folds(4, 30, 1)).alt
    assert f"mean {wrong.mean():.1f}" in plots.draw_folds(4, 30, 1).alt


def test_fold_study_and_its_figure():
    study = judging.fold_study((2, 6), size=60, draws=5)
    assert (study[2].true == study[6].true).all()
    assert study[2].estimates.mean() > study[6].estimates.mean()  # 30 digits teach less than 50
    alt = small(plots.draw_fold_study(study)).alt
    assert f"2 folds {study[2].estimates.mean():.1f}" in alt
    assert f"truth {study[2].true.mean():.1f}" in alt


def test_the_best_of_coins_looks_better_than_a_coin():
    scores = judging.coin_study(draws=3, size=40, folds=4)
    assert scores.shape == (3, 9)
    assert scores.min(axis=1).mean() < scores.mean() - 4
    alt = small(plots.draw_luck(scores)).alt
    assert f"1: {scores.mean():.0f} %" in alt
    assert f"9: {scores.min(axis=1).mean():.0f} %" in alt
    assert right("L16.2").startswith("Clearly less than 50 %")


def test_expected_least_is_the_mean_over_all_draws():
    values = np.array([3.0, 1.0, 4.0, 1.5, 9.0])
    for count in range(1, 6):
        every = [min(some) for some in itertools.combinations(values, count)]
        assert judging.expected_least(values, count) == pytest.approx(np.mean(every))


def test_power_is_what_simulated_tests_find():
    rng = np.random.default_rng(0)
    for difference, spread, seeds in ((0.5, 0.8, 10), (1.0, 1.0, 5), (0.0, 1.0, 7)):
        runs = rng.normal(difference, spread, (20_000, seeds))
        found = np.mean(stats.ttest_1samp(runs, 0, axis=1).pvalue < 0.05)
        assert judging.power(difference, spread, seeds) == pytest.approx(found, abs=0.012)
    for ratio in (2.0, 0.5):
        needed = judging.seeds_needed(ratio, 1.0)
        assert judging.power(ratio, 1.0, needed) >= 0.8 > judging.power(ratio, 1.0, needed - 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PlainPlan(0, 3), "sizes must be 1 or more"),
        (lambda: PlainPlan(2, 3, 3), "between 1 and the depth"),
        (lambda: PlainPlan(2, 3, kernel_size=4), "kernel_size is 4"),
        (lambda: nets.equal_plans(20, (2,)), "20 parameters in 2 layers"),
        (lambda: nets.trained_members(PlainPlan(1, 1), digits(), steps=0), "steps is 0"),
        (lambda: RATE.place(2.0), "learning rate is 2.0"),
        (lambda: Table((RATE, DECAY), np.zeros((2, 2))).value(0.1, 0.3), "weight decay is 0.3"),
        (lambda: Landscape(widths=(0.1, 0)), "both must be above 0"),
        (lambda: searches.lattice(1), "side is 1"),
        (lambda: searches.hold_contest(Landscape(), repeats=0), "repeats is 0"),
        (lambda: searches.compare_samplers(Landscape(), side=1), "side is 1"),
        (lambda: searches.follow_belief([1, 2], 1), "1 trials"),
        (lambda: judging.fold_errors(9, 8), "9 folds of 8 digits"),
        (lambda: judging.fold_study((1,)), r"folds of 100"),
        (lambda: judging.coin_study(draws=0), "0 draws"),
        (lambda: judging.expected_least(np.ones(3), 4), "count is 4"),
        (lambda: judging.power(1, 0, 5), "spread 0"),
        (lambda: judging.seeds_needed(0.0, 1.0), "1000 seeds find"),
        (lambda: plots.draw_equal_nets([], []), "0 plans"),
        (lambda: plots.draw_fold_study({}), "nothing to draw"),
        (lambda: plots.draw_luck(np.zeros(3)), "must be"),
        (lambda: plots.draw_samplers({"tea leaves": np.zeros((2, 3))}, "height"), "tea leaves"),
        (lambda: plots.draw_pairs(plots.Rival("a", np.zeros(2)), plots.Rival("b", np.zeros(3))), "2 and 3 seeds"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_figures_of_nets_and_seeds_say_their_numbers():
    plans = [PlainPlan(1, 8), PlainPlan(3, 4, 2)]
    errors = [np.array([10.0, 14.0, 12.0]), np.array([3.0, 5.0, 4.0])]
    alt = small(plots.draw_equal_nets(plans, errors)).alt
    for plan, found in zip(plans, errors, strict=True):
        parameters, macs = nets.plan_cost(plan)
        assert (
            f"{found.mean():.1f} % ({found.min():.1f} to {found.max():.1f}), {parameters:,} parameters, {macs:,}" in alt
        )
    alt = small(plots.draw_pairs(plots.Rival("a", errors[0]), plots.Rival("b", errors[1]))).alt
    assert "better in 3 of 3, on average by 8.00 points" in alt
    alt = small(plots.draw_best_of(errors[0], 2)).alt
    assert f"The best of 2 is {np.mean([10, 10, 12]):.2f}" in alt
    table = Table((RATE, DECAY), np.arange(12.0).reshape(4, 3))
    assert (
        "best 11.0 %; mean by learning rate from 1 to 10 %; mean by weight decay from 4 to 6 %"
        in small(plots.draw_table(table)).alt
    )
    best = {"grid": np.array([[1.0, 2.0]]), "TPE": np.array([[0.5, 3.0], [0.5, 4.0]])}
    assert (
        "grid 1 after 1, 2 after 2 (2 to 2); TPE 0.5 after 1, 3.5 after 2" in small(plots.draw_samplers(best, "h")).alt
    )


def test_fold_explorer_moves():
    explorer = explorers.fold_explorer()
    move(explorer, k=4)
    assert f"mean {judging.fold_errors(4, 60, 0)[1].mean():.1f}" in alt_of(explorer)


def test_contest_explorer_moves():
    explorer = explorers.contest_explorer()
    move(explorer, x=0.5)
    assert "A grid of 5 by 5 finds 1.000" in alt_of(explorer)
    assert "win in 0.0%" in alt_of(explorer)
    move(explorer, degrees=45, side=2)
    land = Landscape((0.5, 0.5), (0.05, 3.0), 45)
    share = land.share_above(land.heights(searches.lattice(2)).max())
    assert f"so 4 random points win in {1 - (1 - share) ** 4:.1%}" in alt_of(explorer)


def test_belief_explorer_moves_and_says_what_it_found():
    curve = np.linspace(0, 1, 9) * 50
    explorer = explorers.belief_explorer(curve, RATE)
    move(explorer, trials=6)
    best = searches.follow_belief(curve, 6)
    assert f"best found {best.curve[best.tried].max():.1f}, the top is 50.0" in alt_of(explorer)
    assert not refused(explorer)


def test_power_and_best_of_explorers_move():
    explorer = explorers.power_explorer()
    move(explorer, difference=0.8)
    assert f"10 seeds {100 * judging.power(0.8, 0.8, 10):.0f} %" in alt_of(explorer)
    assert f"80 % takes {judging.seeds_needed(0.8, 0.8)} seeds" in alt_of(explorer)
    assert "more than 1,000 seeds" in plots.draw_power(0.1, 3.0, most=5).alt
    errors = np.array([2.0, 3.0, 4.0, 7.0])
    explorer = explorers.best_of_explorer(errors)
    move(explorer, best_of=4)
    assert "The best of 4 is 2.00 on average" in alt_of(explorer)


def test_quizzes_with_a_number_have_the_one_that_is_computed():
    early, late = (nets.plan_cost(PlainPlan(4, 6, pool_after)) for pool_after in (1, 3))
    assert early[0] == late[0]
    assert early[1] < late[1]
    assert right("L16.1") == "The MACs"
    assert right("L16.4") == f"{stats.wilcoxon(np.arange(1.0, 6)).pvalue:g}"
    assert right("L16.5") == f"In {100 * 10 / 11:.0f} % of them"
    assert right("Q26") == "At random points"
    middle = -stats.norm.expect(lambda v: v * 10 * stats.norm.sf(v) ** 9)
    assert re.search(r"one and a half times", load_quizzes()["L16.5"].responses[3]) if 1.45 < middle < 1.6 else False


@pytest.mark.parametrize("number", QUIZZES)
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
