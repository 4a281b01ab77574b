"""The core rooms that lectures lean on: data without a network, devices, seeds, a training loop."""

import numpy as np
import pytest
import torch
from torch import nn

from course_utils import data, device, training
from course_utils.plots import new_figure, picture
from course_utils.widgets import load_quizzes, self_check


def test_mnist1d_is_the_published_recipe_and_leaves_numpy_alone():
    np.random.seed(5)  # noqa: NPY002 - this is the state that must survive
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    data.mnist1d.cache_clear()
    made = data.mnist1d()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    assert made.x_train.shape == (4000, 1, 40)
    assert made.x_test.shape == (1000, 1, 40)
    everything = np.concatenate([made.x_train, made.x_test])
    assert abs(everything.mean()) < 1e-6
    assert abs(everything.std() - 1) < 1e-5
    assert set(made.y_train) == set(range(10))


def test_digits_are_split_without_overlap():
    one, again = data.digits(seed=3), data.digits(seed=3)
    assert (one.x_test == again.x_test).all()
    assert len(one.y_train) + len(one.y_test) == 1797
    assert one.x_train.max() == 1
    with pytest.raises(ValueError, match="between 1 and 1796"):
        data.digits(test_size=1797)


def test_photographs():
    assert data.photograph("flower", 100).shape == (100, 150)
    assert data.photograph_rgb().shape[-1] == 3
    with pytest.raises(ValueError, match="'china' and 'flower'"):
        data.photograph("cat")
    with pytest.raises(ValueError, match="between 8 and 427"):
        data.photograph(height=5)


def test_device_can_be_named_and_a_wrong_name_is_told(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert device.pick_device() == torch.device("cpu")
    monkeypatch.setenv("COURSE_DEVICE", "toaster")
    with pytest.raises(ValueError, match="use cpu, cuda"):
        device.pick_device()
    monkeypatch.delenv("COURSE_DEVICE")
    assert device.pick_device().type in ("cpu", "cuda", "mps")


def test_seeds_repeat():
    draws = []
    for _ in range(2):
        rng = device.seed_everything(7)
        draws.append((rng.random(), float(torch.rand(1)), np.random.rand()))  # noqa: NPY002
    assert draws[0] == draws[1]
    device.one_thread()
    assert torch.get_num_threads() == 1


def test_fit_learns_repeats_and_stops_where_it_is_told(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    split = data.digits()
    curves = []
    for _ in range(2):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        curves.append(training.fit(net, split, steps=61, lr=0.1, batch_size=50))
    assert curves[0] == curves[1]
    assert len(curves[0]) == 61
    assert abs(curves[0][0] - np.log(10)) < 0.4
    assert np.mean(curves[0][-5:]) < curves[0][0] / 2
    assert training.error_percent(net, split.x_test, split.y_test) < 25
    for bad in ({"steps": 0}, {"steps": 1, "batch_size": 0}):
        with pytest.raises(ValueError, match="must be 1 or more"):
            training.fit(net, split, lr=0.1, **bad)


def test_a_picture_needs_words():
    figure, [axes] = new_figure(2, 2)
    axes.plot([0, 1])
    with pytest.raises(ValueError, match="says too little"):
        picture(figure, "a plot")
    shown = picture(figure, 'a line that rises from 0 to 1, "steadily"')
    assert shown.png.startswith(b"\x89PNG")
    assert "&quot;steadily&quot;" in shown._repr_html_()
    assert repr(shown).startswith("a line")


def test_self_checks_respond_and_reveal():
    quizzes = load_quizzes()
    assert {"Q1", "Q2", "Q3", "Q9", "Q11", "Q12", "Q16", "Q17", "Q18", "Q19", "Q20", "Q21", "Q24"} <= set(quizzes)
    for number, quiz in quizzes.items():
        box = self_check(number, lambda: "settled <here>")
        assert repr(box) == quiz.question
        _question, pick, said, reveal, shown = box.children
        for index, words in enumerate(quiz.responses):
            pick.value = index
            assert ("Yes." in said.value) is (index == quiz.answer)
            assert words.split()[0][:3] in said.value
        assert shown.value == ""
        reveal.click()
        assert "Answer:" in shown.value
        assert "settled &lt;here&gt;" in shown.value
    with pytest.raises(KeyError, match="no quiz 'Q0'"):
        self_check("Q0")
