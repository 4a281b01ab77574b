"""Lecture 13 without a browser: glyphs, the letters' net and its tool, probes, tuning, figures, explorers, quizzes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from harness import ROOT
from pictures import alt_of, answers_every_choice, move, refused, right, small
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from torch import nn
from torch.nn import functional as F
from torchvision.models import get_model

from course_utils import glyphs, transfer
from course_utils.data import Split, digits
from course_utils.glyphs import CLASSES, Distortion, GlyphPlan
from course_utils.models.letters import (
    CHECKPOINTS,
    STAGES,
    LettersNet,
    LettersPlan,
    SourceRecipe,
    checkpoint_path,
    load_letters,
    trained_source,
)  # fmt: skip
from course_utils.plots import transfer as plots
from course_utils.reported import reported
from course_utils.transfer import Backbone, Features, Tuning
from course_utils.widgets import load_quizzes
from course_utils.widgets import transfer as explorers

PLAIN = GlyphPlan(distortion=Distortion(0, 0, 0, 0, 0))
QUIZZES = ["L13.1", "L13.2", "L13.3", "L13.4", "Q14", "Q15"]


@pytest.fixture(scope="module")
def data():
    return digits()


@pytest.fixture(scope="module")
def source():
    return load_letters()


def tool():
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("train_letters", ROOT / "tools" / "train_letters.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------- glyphs


def test_classes_hold_every_character_once_and_no_numeral():
    characters = "".join(CLASSES)
    assert sorted(characters) == sorted(set("".join(glyphs.FONTS.values())))
    assert len(characters) == len(set(characters)) == 60
    assert not set("0123456789") & set(characters)
    assert set(glyphs.LIKE_DIGITS) <= set(CLASSES)
    assert {0, 1, 2, 5, 8, 9} <= set(glyphs.LIKE_DIGITS.values())
    assert set(glyphs.HELD_OUT) <= set(glyphs.FONTS)
    assert not set(glyphs.HELD_OUT) & set(GlyphPlan().fonts)


def test_outlines_are_cut_to_their_ink():
    for character, font in (("W", "DejaVuSans"), ("l", "cmr10"), ("&", "STIXGeneral"), ("Q", "cmsy10")):
        ink = np.argwhere(glyphs.outline(character, font) > 0)
        spans = ink.max(axis=0) - ink.min(axis=0) + 1
        assert spans.max() == 60
        assert np.abs(ink.min(axis=0) + ink.max(axis=0) - 63).max() <= 1
    wide = np.argwhere(glyphs.outline("W", "DejaVuSans") > 0)
    assert np.ptp(wide[:, 1]) > np.ptp(wide[:, 0])


def test_a_glyph_that_is_not_bent_is_its_outline_made_small():
    for character, font in (("O", "DejaVuSans-Bold"), ("H", "cmb10"), ("B", "DejaVuSerif-Bold")):
        plan = GlyphPlan((font,), (character,), PLAIN.distortion, 8)
        made = glyphs.drawings(plan, [0])[0, 0]
        ink = Image.fromarray((glyphs.outline(character, font)[2:62, 2:62] * 255).astype(np.uint8))
        wanted = np.asarray(ink.resize((8, 8), Image.Resampling.BOX)) / 255
        assert np.corrcoef(made.ravel(), wanted.ravel())[0, 1] > 0.95
        assert abs(made.mean() - wanted.mean()) < 0.2


def test_drawings_belong_to_their_classes_and_repeat():
    templates = glyphs.drawings(replace(PLAIN, fonts=("DejaVuSans",)), range(len(CLASSES)))
    labels = np.repeat(np.arange(len(CLASSES)), 2)
    made = glyphs.drawings(replace(PLAIN, fonts=("DejaVuSans", "cmss10")), labels, seed=4)
    assert made.shape == (len(labels), 1, 8, 8)
    assert made.dtype == np.float32
    assert 0 <= made.min() < 0.01
    assert 0.99 < made.max() <= 1
    away = ((made[:, None] - templates[None]) ** 2).sum(axis=(2, 3, 4))
    assert np.mean(away.argmin(axis=1) == labels) > 0.75
    again = glyphs.drawings(GlyphPlan(), labels, seed=5)
    assert np.array_equal(again, glyphs.drawings(GlyphPlan(), labels, seed=5))
    assert not np.array_equal(again, glyphs.drawings(GlyphPlan(), labels, seed=6))


def test_every_picture_fills_its_frame_however_it_is_bent():
    made = glyphs.drawings(GlyphPlan(distortion=Distortion().times(2)), np.arange(200) % len(CLASSES), seed=0)[:, 0]
    rows, columns = (made.max(axis=axis) > 0.1 for axis in (2, 1))
    assert np.mean(np.maximum(rows.sum(axis=1), columns.sum(axis=1)) >= 7) > 0.97


def test_letters_are_even_over_classes_and_tested_in_other_fonts(monkeypatch):
    asked = []
    monkeypatch.setattr(
        glyphs, "drawings", lambda plan, labels, seed: asked.append(plan.fonts) or np.zeros((len(labels), 1, 8, 8))
    )
    split = glyphs.letters(2 * len(CLASSES), len(CLASSES), seed=1)
    assert np.bincount(split.y_train).tolist() == [2] * len(CLASSES)
    assert np.bincount(split.y_test).tolist() == [1] * len(CLASSES)
    assert asked == [GlyphPlan().fonts, glyphs.HELD_OUT]
    assert set(glyphs.FONTS) == set(asked[0]) | set(asked[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Distortion(angle=-1), "angle is -1"),
        (lambda: GlyphPlan(fonts=("Arial",)), "there are DejaVuSans"),
        (lambda: GlyphPlan(fonts=("cmsy10",), classes=("b",)), "no character of the classes"),
        (lambda: GlyphPlan(side=3), "side is 3"),
        (lambda: glyphs.outline("7", "cmr10"), "no '7' in 'cmr10'"),
        (lambda: glyphs.drawings(GlyphPlan(), [len(CLASSES)]), "from 0 to 47"),
        (lambda: glyphs.letters(0, 5), "train is 0"),
        (lambda: LettersPlan(classes=0), "must be 1 or more"),
        (lambda: LettersNet(10), "a plan is wanted"),
        (lambda: load_letters("digits"), "no checkpoint 'digits'"),
        (lambda: SourceRecipe(0), "must be 1 or more"),
        (lambda: trained_source(LettersPlan(classes=5), digits(), SourceRecipe(1)), "labels go to 9"),
        (lambda: transfer.few_labels(digits(), 0, 0), "per_class is 0"),
        (lambda: transfer.shrunk(digits(), 9), "cannot be shrunk"),
        (lambda: transfer.turned_quarters(np.zeros((2, 8, 8))), r"must be \(N, C, n, n\)"),
        (lambda: Tuning(lowest=5), "lowest is 5"),
        (lambda: Tuning(lr_old=-1), "learning rates are -1"),
        (lambda: Tuning(scratch=True, keep_head=True), "nothing to keep"),
        (lambda: transfer.photographs("no/such"), "must hold train/ and val/"),
        (lambda: Backbone.of("squeezenet1_0"), "0 linear layers"),
        (lambda: plots.draw_spread([1, 2], {"a": np.zeros((3, 2))}, ("x", "y")), r"must be \(2, draws\)"),
        (lambda: plots.draw_bars({"a": {"x": [1]}, "b": {"y": [1]}}, "w"), "the same bars"),
        (lambda: plots.draw_rates([1], [1, 2], np.zeros((2, 2))), r"must be \(1, 2\)"),
        (lambda: plots.draw_paired([1], {"a": np.zeros((1, 1))}, 2, "a", "a"), "at 2"),
        (lambda: plots.draw_backbone("resnet18", 1), "classes is 1"),
        (lambda: explorers.paired_explorer([1], {}), "no curves"),
    ],
)
def test_bad_input_is_refused_with_its_reason(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---------------------------------------------------------------- the net, its checkpoints, its tool


def test_the_net_is_the_chain_of_its_layers():
    torch.manual_seed(0)
    net, x = LettersNet(LettersPlan(classes=7)).eval(), torch.rand(3, 1, 8, 8)
    now = x
    for stage in STAGES[:3]:
        kernel, norm = net.get_submodule(f"stages.{stage}")[:2]
        now = F.relu(norm(F.conv2d(now, kernel.weight, padding=1)))
        now = F.max_pool2d(now, 2) if stage != "conv1" else now
    fc = net.stages.fc4
    now = F.relu(fc[2](now.flatten(1) @ fc[1].weight.T))
    torch.testing.assert_close(net(x), now @ net.head.weight.T + net.head.bias)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_is_small_and_holds_weights_only(name):
    path = checkpoint_path(name)
    weights = torch.load(path, weights_only=True)
    assert path.stat().st_size < 200_000
    assert all(isinstance(value, torch.Tensor) for value in weights.values())
    assert load_letters(name).plan.classes == len(CLASSES) - (name == "no_lookalikes") * len(glyphs.LIKE_DIGITS)


def test_the_checkpoint_reads_fonts_that_it_never_saw(source):
    split = glyphs.letters(1, 480, seed=11)
    with torch.no_grad():
        said = source(torch.as_tensor(split.x_test)).argmax(1).numpy()
    assert np.mean(said == split.y_test) > 0.75


def test_the_card_names_what_looks_like_a_digit():
    card = (checkpoint_path().parent / "README.md").read_text(encoding="utf-8")
    for word in ("tools/train_letters.py", "O", "l", "S", "Z", str(len(CLASSES)), *glyphs.HELD_OUT, "DejaVu", "STIX"):
        assert word in card
    assert {path.name for path in checkpoint_path().parent.glob("*.pt")} == {f"{name}.pt" for name in CHECKPOINTS}
    for name in CHECKPOINTS:
        assert f"{checkpoint_path(name).stat().st_size:,} bytes" in card


def test_the_tool_makes_a_checkpoint_that_loads(tmp_path, capsys):
    module, out = tool(), tmp_path / "a" / "quick.pt"
    assert module.main(["--quick", "--out", str(out)]) == 0
    told = capsys.readouterr().out
    percent = float(told.split("classes, ")[1].split(" %")[0])
    assert percent > 10, "by chance 2 %"
    net = load_letters(path=out)
    assert net.plan == LettersPlan((8, 8, 16), 32)
    module.main(["--quick", "--without-lookalikes", "--steps", "2", "--out", str(out)])
    assert load_letters(path=out).plan.classes == len(CLASSES) - len(glyphs.LIKE_DIGITS)
    with pytest.raises(SystemExit):
        module.main(["--quick"])


def test_files_that_are_no_checkpoint_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"there is no checkpoint none\.pt"):
        load_letters(path=tmp_path / "none.pt")
    torch.save({"head.weight": torch.zeros(3, 4)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="does not hold the weights"):
        load_letters(path=tmp_path / "other.pt")


# ---------------------------------------------------------------- targets and probes


def test_few_labels_are_as_many_of_each_class_and_from_the_training_part(data):
    few = transfer.few_labels(data, 3, seed=5)
    assert np.bincount(few.y_train).tolist() == [3] * 10
    assert few.x_test is data.x_test
    rows = {image.tobytes(): label for image, label in zip(data.x_train, data.y_train, strict=True)}
    assert all(rows[image.tobytes()] == label for image, label in zip(few.x_train, few.y_train, strict=True))
    assert len({image.tobytes() for image in few.x_train}) == 30
    other = transfer.few_labels(data, 3, seed=6)
    assert not np.array_equal(few.x_train, other.x_train)
    assert np.array_equal(few.x_train, transfer.few_labels(data, 3, seed=5).x_train)


def test_targets_are_what_they_say(data):
    mixed = transfer.scrambled(data, seed=2)
    assert np.array_equal(
        np.sort(mixed.x_train.reshape(1200, -1), axis=1), np.sort(data.x_train.reshape(1200, -1), axis=1)
    )
    away = [((part.x_train[:20, None] - part.x_test[None, :20]) ** 2).sum(axis=(2, 3, 4)) for part in (data, mixed)]
    np.testing.assert_allclose(*away, rtol=1e-5)
    assert np.array_equal(transfer.negative(data).x_test + data.x_test, np.ones_like(data.x_test))
    large = Split(
        np.random.default_rng(0).random((2, 1, 28, 28), dtype=np.float32),
        np.zeros(2),
        np.zeros((1, 1, 28, 28), np.float32),
        np.zeros(1),
    )
    small_ones = transfer.shrunk(large).x_train
    assert small_ones.shape == (2, 1, 8, 8)
    assert small_ones[0, 0, 3, 4] == pytest.approx(large.x_train[0, 0, 10:14, 14:18].mean())
    assert small_ones[1, 0, 0, 0] == pytest.approx(large.x_train[1, 0, :2, :2].sum() / 16)
    turned = transfer.turned_quarters(data.x_train[:50])
    for image, made, label in zip(data.x_train, turned.x_train, turned.y_train, strict=False):
        assert np.array_equal(np.rot90(image[0], label), made[0])
    assert set(turned.y_train) == {0, 1, 2, 3}


def test_features_are_the_answers_of_the_stages(source, data):
    part = Split(data.x_train[:5], data.y_train[:5], data.x_test[:3], data.y_test[:3])
    found = Features.of(source, part)
    with torch.no_grad():
        one = source.stages.conv1(torch.as_tensor(part.x_train))
        three = source.stages[:3](torch.as_tensor(part.x_test))
    np.testing.assert_allclose(found.layers["conv1"][0], F.avg_pool2d(one, 2).flatten(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.layers["conv3"][1], three.flatten(1), rtol=1e-5, atol=1e-6)
    assert {name: rows.shape[1] for name, (rows, _) in found.layers.items()} == {
        "pixels": 64, "conv1": 256, "conv2": 512, "conv3": 256, "fc4": 64,
    }  # fmt: skip
    with pytest.raises(ValueError, match="not all of the nodes"):
        Features.of(source, part, {"stages.conv9": "x"})


def test_a_probe_is_scikit_learns_classifier_on_the_drawn_rows(source, data):
    found = Features.of(source, data)
    few = transfer.few_labels(data, 2, 7)
    with torch.no_grad():
        rows = source.stages[:3](torch.as_tensor(few.x_train)).flatten(1).numpy()
    scale = np.linalg.norm(rows, axis=1).mean()
    by_hand = LogisticRegression(C=100.0 / scale**2, tol=1e-6, max_iter=5000).fit(rows, few.y_train)
    percent = 100 * by_hand.score(found.layers["conv3"][1], data.y_test)
    assert transfer.probe_curve(found, "conv3", (2,), 1, first=7)[0, 0] == pytest.approx(percent, abs=1)
    pixels = SVC(C=10.0).fit(few.x_train.reshape(20, -1), few.y_train)
    percent = 100 * pixels.score(data.x_test.reshape(len(data.y_test), -1), data.y_test)
    assert transfer.probe_curve(found, "pixels", (2,), 1, "RBF SVM", 7)[0, 0] == pytest.approx(percent, abs=0.5)
    with pytest.raises(ValueError, match="layer 'conv5'"):
        transfer.probe_curve(found, "conv5", (1,))


def test_the_source_is_worth_more_than_its_controls(source, data):
    torch.manual_seed(0)
    nets = {"letters": source, "none": load_letters("no_lookalikes"), "random": LettersNet(LettersPlan())}
    right_at = {name: transfer.probe_curve(Features.of(net, data), "conv3", (1, 5), 4) for name, net in nets.items()}
    svm = transfer.probe_curve(Features.of(source, data), "pixels", (1, 5), 4, "RBF SVM")
    assert np.all(right_at["letters"].mean(axis=1) > svm.mean(axis=1) + 1)
    assert np.all(right_at["letters"].mean(axis=1) > right_at["random"].mean(axis=1) + 1)
    assert right_at["none"][0].mean() > svm[0].mean()


# ---------------------------------------------------------------- tuning


def numbers(part):
    return sum(p.numel() for p in part.parameters())


@pytest.mark.parametrize(
    ("plan", "moves"),
    [
        (Tuning(lowest=4, steps=3), []),
        (Tuning(lowest=3, steps=3), ["fc4"]),
        (Tuning(lowest=1, steps=3), ["conv2", "conv3", "fc4"]),
        (Tuning(norms_only=True, steps=3), []),
        (Tuning(lr_old=0.0, steps=3), []),
        (Tuning(scratch=True, steps=3), list(STAGES)),
        (Tuning(keep_head=True, steps=3), list(STAGES)),
    ],
)
def test_what_shall_stay_stays(source, data, plan, moves):
    before = {name: value.clone() for name, value in source.state_dict().items()}
    outcome = transfer.tuned(plan, source, transfer.few_labels(data, 2, 0), seed=1)
    assert [stage for stage in STAGES if outcome.change[stage] > 0] == moves
    assert all(torch.equal(value, before[name]) for name, value in source.state_dict().items())
    head = 65 * 10
    if plan.norms_only:
        assert outcome.learned == head + 352
    else:
        assert outcome.learned == head + sum(numbers(part) for part in source.stages[plan.lowest :])
    assert 0 <= outcome.percent <= 100
    again = transfer.tuned(plan, source, transfer.few_labels(data, 2, 0), seed=1)
    assert again == outcome


def test_one_step_is_one_step_of_torch(source, data):
    few = transfer.few_labels(data, 2, 0)
    plan = Tuning(steps=1, lr_old=0.3, lr_new=0.7, batch_size=20)
    outcome = transfer.tuned(plan, source, few, seed=3)
    torch.manual_seed(10_003)
    net = LettersNet(LettersPlan(classes=10)).eval()
    net.stages.load_state_dict(source.stages.state_dict())
    loss = F.cross_entropy(net(torch.as_tensor(few.x_train)), torch.as_tensor(few.y_train))
    assert outcome.loss == pytest.approx(loss.item(), rel=1e-4)
    kernel = net.stages.conv2[0].weight
    (slope,) = torch.autograd.grad(loss, kernel)
    kernel = kernel.detach()
    assert outcome.change["conv2"] == pytest.approx(float(0.3 * slope.norm() / kernel.norm()), rel=1e-3)


def test_training_that_runs_away_is_told_and_does_not_fail(source, data):
    outcome = transfer.tuned(Tuning(lr_old=1e4, lr_new=1e4, steps=20), source, transfer.few_labels(data, 2, 0))
    assert outcome.loss == float("inf")
    assert outcome.percent < 40
    with pytest.raises(ValueError, match="nothing learns"):
        transfer.tuned(Tuning(lr_old=0, lr_new=0), source, transfer.few_labels(data, 2, 0))
    with pytest.raises(ValueError, match="has 3 classes, the target 10"):
        transfer.tuned(Tuning(keep_head=True), LettersNet(LettersPlan(classes=3)), transfer.few_labels(data, 2, 0))


def test_a_kept_head_is_the_sources_own(source):
    split = glyphs.letters(96, 300, seed=3)
    before = 100 * np.mean(source(torch.as_tensor(split.x_test)).argmax(1).numpy() == split.y_test)
    plan = Tuning(keep_head=True, lr_old=1e-9, lr_new=1e-9, steps=1)
    assert transfer.tuned(plan, source, split).percent == pytest.approx(before, abs=1e-6)
    assert transfer.tuned(replace(plan, keep_head=False), source, split).percent < 20


def test_curves_of_tuning_meet_the_draws_of_probes(source, data, monkeypatch):
    seen = []
    monkeypatch.setattr(
        transfer, "tuned", lambda plan, net, few, seed: seen.append((few.x_train, seed)) or transfer.Outcome(seed, 0, 0)
    )
    found = transfer.tuning_curve(Tuning(), source, data, (1, 2), draws=2, first=4)
    assert transfer.percents(found).tolist() == [[4, 5], [4, 5]]
    assert np.array_equal(seen[2][0], transfer.few_labels(data, 2, 4).x_train)


# ---------------------------------------------------------------- photographs and published weights


@pytest.fixture
def photo_folder(tmp_path):
    rng = np.random.default_rng(0)
    for part in ("train", "val"):
        for colour, name in enumerate(("ants", "bees")):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(3):
                image = np.zeros((40, 50, 3), dtype=np.uint8)
                image[..., colour] = rng.integers(150, 255)
                Image.fromarray(image).save(tmp_path / part / name / f"{number}.png")
    return tmp_path


def test_photographs_are_read_by_argument_or_variable(photo_folder, monkeypatch):
    monkeypatch.delenv(transfer.PHOTOGRAPHS_VARIABLE, raising=False)
    assert transfer.photographs() is None
    photos = transfer.photographs(photo_folder, side=32)
    assert photos.name == "ants, bees"
    assert photos.x_train.shape == photos.x_test.shape == (6, 3, 32, 32)
    assert photos.y_train.tolist() == [0, 0, 0, 1, 1, 1]
    assert photos.x_train[0, 1].mean() == pytest.approx(-0.456 / 0.224, abs=1e-3)
    monkeypatch.setenv(transfer.PHOTOGRAPHS_VARIABLE, str(photo_folder))
    assert np.array_equal(transfer.photographs(side=32).x_test, photos.x_test)
    torch.manual_seed(0)
    found = Features.of(get_model("resnet18", weights=None), photos, {"layer1": "layer1", "layer4": "layer4"}, cells=1)
    assert [found.layers[name][0].shape for name in ("layer1", "layer4")] == [(6, 64), (6, 512)]
    assert transfer.probe_curve(found, "layer1", (3,), draws=1)[0, 0] == 100


def test_published_weights_are_taken_from_the_cache_and_never_fetched_unasked(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_args, **_more: pytest.fail("it asks the network"))
    with pytest.raises(ValueError, match="download=True lets torchvision fetch it"):
        transfer.published_net("shufflenet_v2_x0_5")
    (tmp_path / "checkpoints").mkdir()
    net = get_model("shufflenet_v2_x0_5", weights=None)
    name = transfer.get_model_weights("shufflenet_v2_x0_5").DEFAULT.url.rpartition("/")[2]
    torch.save(net.state_dict(), tmp_path / "checkpoints" / name)
    taken = transfer.published_net("shufflenet_v2_x0_5")
    assert torch.equal(taken.fc.weight, net.fc.weight)
    assert not taken.training


def test_a_backbone_is_all_but_its_head():
    net = Backbone.of("resnet18")
    assert (net.head, net.features, net.trunk) == ("fc", 512, 11_689_512 - 513_000)
    assert net.published[0][:2] == ("IMAGENET1K_V1", 69.758)
    assert Backbone.of("vgg16").head == "classifier.6"
    gains = {name: Backbone.of(name).published for name in ("efficientnet_b1", "wide_resnet101_2")}
    assert {name: round(rows[1][1] - rows[0][1], 1) for name, rows in gains.items()} == {
        "efficientnet_b1": 1.2, "wide_resnet101_2": 3.7,
    }  # fmt: skip


# ---------------------------------------------------------------- figures, explorers, self-checks


def test_figures_say_their_numbers():
    curves = {"one": np.array([[1.0, 3.0], [5.0, 5.0]]), "two": np.array([[4.0], [9.0]])}
    alt = small(plots.draw_spread([1, 5], curves, ("labels", "% right"))).alt
    assert "one from 2.0 ± 1.4 to 5.0 ± 0.0; two from 4.0 ± 0.0 to 9.0 ± 0.0" in alt
    alt = small(plots.draw_bars({"near": {"a": [90, 92], "b": [10]}, "far": {"a": 50, "b": [7]}}, "% right")).alt
    assert "near, a: 91; far, a: 50; near, b: 10; far, b: 7" in alt
    alt = small(plots.draw_rates([0, 0.1], [0.01, 1], np.array([[10.0, 20], [90, 5]]))).alt
    assert "copied 0: 10, 20; copied 0.1: 90, 5. Best: 90 at copied 0.1, new 0.01" in alt
    alt = small(plots.draw_paired([1, 5], {"a": curves["one"], "b": curves["one"][::-1]}, 5, "a", "b")).alt
    assert "a: 5.0 on average, b: 2.0; the first is ahead in 2 of 2 draws, by +3.0 points" in alt


@pytest.mark.parametrize(
    "plan", [Tuning(), Tuning(lowest=2), Tuning(norms_only=True), Tuning(lr_old=0), Tuning(scratch=True), Tuning(4)]
)
def test_the_stack_counts_what_a_tuning_trains(source, data, plan):
    alt = small(plots.draw_stack(plan)).alt
    learned = transfer.tuned(replace(plan, steps=1), source, transfer.few_labels(data, 1, 0)).learned
    if plan.lr_old == 0:
        learned = 650
    assert f"{learned:,} of 40,570 numbers learn" in alt


def test_explorers_move(source):
    assert "six random distortions of it at strength 0.5" in small(plots.draw_glyph("g", "cmr10", 0.5)).alt
    explorer = explorers.glyph_explorer()
    move(explorer, font="cmsy10")
    assert "The glyph S of the font cmsy10" in alt_of(explorer)
    move(explorer, character="b")
    assert refused(explorer)
    explorer = explorers.stack_explorer()
    move(explorer, lowest=4)
    assert "650 of" in alt_of(explorer)
    move(explorer, scratch=True)
    assert refused(explorer)
    curves = {"a": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": np.array([[2.0, 1.0], [0.0, 0.0]])}
    explorer = explorers.paired_explorer((1, 5), curves)
    assert "ahead in 1 of 2 draws" in alt_of(explorer)
    move(explorer, at=5)
    assert "ahead in 2 of 2 draws, by +3.5" in alt_of(explorer)
    explorer = explorers.backbone_explorer()
    move(explorer, name="mobilenet_v3_small", classes=10)
    assert f"{1025 * 10:,} are new in a head of 10 classes on 1,024 features" in alt_of(explorer)


def test_reported_tables_are_whole():
    table = reported("feature_transfer")
    assert [row.value for row in table if row.data == "Caltech-101"] == [44.8, 66.2, 72.3, 76.6, 86.2, 85.5, 82.9, 85.4]
    assert [row.value for row in table if row.data == "Caltech-256"] == [24.6, 39.6, 46.0, 51.3, 65.6, 71.7, 65.7, 72.6]
    assert not any(row.verified for row in table)
    assert [row.value for row in reported("source_sizes")][1:] == [3500, 5850]


def test_quizzes_with_a_number_have_the_one_that_is_computed(source):
    net = Backbone.of("resnet18")
    assert right("L13.1") == f"{(net.features + 1) * 2:,}"
    assert f"{net.trunk:,}" in load_quizzes()["L13.1"].because
    norms = [layer for layer in source.stages.modules() if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))]
    assert f"{sum(map(numbers, norms))} of {numbers(source.stages):,}" in load_quizzes()["L13.3"].because
    assert sum(map(numbers, norms)) < 0.01 * numbers(source.stages)
    assert right("L13.3").startswith("under 1 ")


def test_quizzes_about_controls_have_the_right_answer(source, data):
    found = {
        name: Features.of(source, each) for name, each in (("in order", data), ("mixed", transfer.scrambled(data)))
    }
    svm, probe = ([transfer.probe_curve(each, layer, (10,), 1, kind)[0, 0] for each in found.values()]
                  for layer, kind in (("pixels", "RBF SVM"), ("conv3", "logistic regression")))  # fmt: skip
    assert svm[0] == pytest.approx(svm[1], abs=0.2)
    assert probe[0] > probe[1] + 5
    assert right("L13.4").startswith("The support vector machine")
    torch.manual_seed(0)
    random = transfer.probe_curve(Features.of(LettersNet(LettersPlan()), data), "conv3", (10,), 3).mean()
    pixels = transfer.probe_curve(found["in order"], "pixels", (10,), 3).mean()
    assert abs(random - pixels) < 5
    assert right("L13.2") == "About as good as a classifier on the pixels"
    outcomes = [transfer.tuned(plan, source, transfer.few_labels(data, 5, 0)).percent
                for plan in (Tuning(lowest=4), Tuning(lr_old=1.0, lr_new=1.0))]  # fmt: skip
    assert outcomes[0] > outcomes[1] + 5
    assert right("Q15").startswith("Copy all but the head")
    assert right("Q14").startswith("Not from scratch")


@pytest.mark.parametrize("number", QUIZZES)
def test_each_quiz_answers_every_choice(number):
    answers_every_choice(number)
