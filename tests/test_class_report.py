"""The picture of a class: statistics against SciPy and by hand, what it says of whom, and that nothing in it runs."""

import base64
import hashlib
import html
import html.parser
import math
import random
import re
import time

import numpy as np
import pytest
from harness import ROOT
from scipy import stats

from course_utils.grading import class_report, classroom
from course_utils.grading.class_statistics import Board, bins, discrimination, items, spread, ticks
from course_utils.grading.pages import TEMPLATES
from course_utils.grading.result import Grade, Result
from course_utils.grading.verdict import Finding, Record, Suspicion

A1 = "a1_convolution_arithmetic"
SAID = class_report.said_in(classroom.read(ROOT / "assignments" / A1 / f"{A1}.ipynb"))
LATE = "it raised TooSlowError: it did not come back within 20 seconds"
GONE = "the student's process is gone: it ended Python (os._exit, or the like)"


def record(student, **more):
    return Record(A1, student, "work", "tests", **more)


def grade(grade_id, score, most=1.0, **more):
    return Grade(grade_id, score, most, **more)


def wrong(grade_id, misconception="", fault="3 came back", read="lecture 01", **more):
    exercise, _, facet = grade_id.partition("__")
    finding = Finding(exercise, facet, misconception or fault, misconception, fault=fault, read=read)
    return grade(grade_id, 0.0, kind="ExerciseFailed", failure=fault, finding=finding, **more)


def result(name, *grades, **more):
    return Result(name.lower(), name, list(grades), record(name.lower(), **more))


def made_up(count, seed=0):
    rng = random.Random(seed)
    return [
        result(
            f"S{number}",
            *(grade(f"e{exercise}__{facet}", rng.choice([0, 1, 2]), 2.0) for exercise in range(4) for facet in "ab"),
        )
        for number in range(count)
    ]


VOID = {"meta", "br"}


class Parts(html.parser.HTMLParser):
    """What a page is made of: tags with attributes, texts by section, and whether every tag is closed."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.texts, self.section = [], [], {}, ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        self.section = dict(attrs).get("id", "") if tag in ("section", "header") else self.section
        self.handle_data(" ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.handle_data(" ")

    def handle_data(self, data):
        self.texts[self.section] = self.texts.get(self.section, "") + data

    def said(self, section):
        return " ".join(self.texts[section].split())


def parts(results, said=None, assignment=A1):
    return Parts(class_report.page(assignment, results, said))


# Statistics.


def test_spread_of_a_small_class_by_hand():
    found = spread(np.array([0.2, np.nan, 0.4, 0.9, 1.0]))
    assert found.count == 4
    assert found.mean == pytest.approx(0.625)
    assert found.median == pytest.approx(0.65)
    assert found.deviation == pytest.approx(math.sqrt((0.425**2 + 0.225**2 + 0.275**2 + 0.375**2) / 3))
    assert found.quartiles == pytest.approx((0.35, 0.925))
    assert found.ends == (0.2, 1.0)
    assert found.full == 1


def test_spread_of_nobody_and_of_one():
    assert spread(np.array([])).count == 0
    assert spread(np.array([np.nan])).count == 0
    alone = spread(np.array([0.5]))
    assert (alone.mean, alone.median, alone.quartiles) == (0.5, 0.5, (0.5, 0.5))
    assert math.isnan(alone.deviation)


@pytest.mark.parametrize("count", [8, 9, 30, 200])
def test_discrimination_is_scipys_correlation_with_its_interval(count):
    rng = np.random.default_rng(count)
    x = rng.integers(0, 5, count) / 4
    y = 0.4 * x + rng.random(count)
    y[0] = x[-1] = np.nan
    known = slice(1, -1)
    found = discrimination(np.append(x, 0.5), np.append(y, np.nan)) if count > 9 else None
    if found is None:
        assert discrimination(x[known][:7], y[known][:7]).why == "too few"
        x, y, known = np.arange(count) % 3, rng.random(count), slice(None)
        found = discrimination(x / 2, y)
    expected = stats.pearsonr(x[known], y[known])
    assert found.r == pytest.approx(expected.statistic)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)), abs=1e-6)
    assert found.low < found.r < found.high


def test_discrimination_is_not_told_where_it_cannot_be():
    eight = np.arange(8) / 8
    assert discrimination(eight[:7], eight[:7]).why == "too few"
    assert discrimination(np.full(8, 0.1 + 0.2), eight).why == "all alike"
    assert discrimination(eight, np.full(8, 0.3)).why == "all alike"
    assert discrimination(eight, eight).r == pytest.approx(1)
    assert discrimination(eight, -eight).word == "negative"
    assert discrimination(np.full(9, np.nan), np.full(9, np.nan)).why == "too few"


@pytest.mark.parametrize(
    ("r", "word"), [(-0.01, "negative"), (0.0, "weak"), (0.19, "weak"), (0.2, "fair"), (0.4, "good"), (1.0, "good")]
)
def test_words_for_correlations(r, word):
    assert class_report.class_statistics.Discrimination(r).word == word


def test_an_exercise_is_compared_with_the_rest_and_never_with_itself():
    results = made_up(12)
    board = Board(results)
    found = items(board, board.exercises, results, {})
    for place, item in enumerate(found):
        own = np.array([each.points[item.name] for each in results]) / 4
        rest = np.array([each.total - each.points[item.name] for each in results]) / 12
        assert item.mean == pytest.approx(own.mean())
        assert item.full == pytest.approx((own == 1).mean())
        assert item.most == 4
        assert item.discrimination.r == pytest.approx(stats.pearsonr(own, rest).statistic)
        total = np.array([each.total for each in results])
        assert item.discrimination.r < stats.pearsonr(own, total).statistic, place


def test_a_facet_is_compared_with_all_other_cells():
    results = made_up(12)
    board = Board(results)
    (item,) = items(board, ["e2__b"], results, {})
    own = np.array([each.by_cell["e2__b"] for each in results])
    rest = np.array([each.total for each in results]) - own
    assert item.discrimination.r == pytest.approx(stats.pearsonr(own, rest).statistic)
    assert (item.most, item.mean) == (2, pytest.approx(own.mean() / 2))


def test_exercises_whose_names_begin_alike_are_kept_apart():
    results = [result(f"S{n}", grade("fc__values", 1), grade("fc_params__values", 0), grade("fc", 1)) for n in range(2)]
    board = Board(results)
    assert board.exercises == ["fc", "fc_params"]
    assert [item.mean for item in items(board, board.exercises, results, {})] == [1, 0]


def test_what_waits_for_a_reader_counts_neither_way():
    read = result("Read", grade("a__x", 1), grade("why", 2, 4.0, by_hand=True))
    unread = result("Unread", grade("a__x", 1), grade("why", 0, 4.0, waits=True, by_hand=True))
    board = Board([read, unread])
    assert board.shares(np.array([True, True])).tolist() == [0.6, 1.0]
    a, why = items(board, board.exercises, [read, unread], {})
    assert (a.count, a.mean, why.count, why.mean) == (2, 1, 1, 0.5)


def test_strange_points_do_not_break_the_figures():
    strange = [
        grade("a__x", math.nan),
        grade("a__y", math.inf),
        grade("a__z", 3, 0.0),
        grade("b__x", -1),
        grade("c", 9),
    ]
    board = Board([result("S", *strange)])
    assert board.shares(board.columns("a")).tolist() == pytest.approx([np.nan], nan_ok=True)
    assert sum(bins(board.shares(np.ones(5, dtype=bool)))) == 1
    assert parts([result("S", *strange)])


def test_bins_hold_their_lower_edge_and_the_last_full_marks():
    assert bins(np.array([0, 0.05, 0.1, 0.3, 0.7, 0.1 + 0.2, 0.999, 1.0, 1.4, -0.2, np.nan])) == [
        3,
        1,
        0,
        2,
        0,
        0,
        0,
        1,
        0,
        3,
    ]
    assert bins(np.array([])) == [0] * 10
    assert bins(np.arange(1, 10) / 10) == [0] + [1] * 9
    assert bins(np.array([sum([0.1] * 8)])) == [0] * 8 + [1, 0]  # the sum is a little below 0.8


@pytest.mark.parametrize("most", [0, 1, 4, 5, 6, 9, 10, 23, 99, 100, 1000, 12345])
def test_ticks_are_few_whole_and_reach_the_top(most):
    found = ticks(most)
    assert found[0] == 0
    assert found[-1] >= max(most, 1)
    assert found[-2] < max(most, 1)
    assert 2 <= len(found) <= 6
    assert len(set(np.diff(found))) == 1


# What the page says.


def test_a_class_of_nobody_and_of_one():
    nobody = parts([])
    assert "Nothing was handed in" in nobody.said("scores")
    alone = parts([result("Ada", grade("a__x", 1), wrong("a__y", "The bias is forgotten."))])
    assert "too few" in alone.said("exercises")
    assert "Histogram of 1 student by their share of the points. 1 has 50 to 60 per cent." in alone.said("scores")
    assert "The bias is forgotten." in alone.said("misconceptions")


def test_a_class_of_which_nothing_can_be_graded():
    page = parts([Result("ada", "Ada", [], None, failure="the kernel is missing")])
    assert "Nothing has been judged yet" in page.said("scores")
    assert "the kernel is missing nothing could be graded Ada" in page.said("failures")


def test_figures_are_those_of_the_class():
    results = [result(f"S{n}", grade("a__x", n, 10.0), grade("b__x", n, 10.0)) for n in (2, 4, 9)]
    head = class_report.page(A1, results)
    head = " ".join(re.sub("<[^>]+>", " ", head.partition("<main>")[0].partition("<body>")[2]).split())
    head = head.replace("\N{NO-BREAK SPACE}", " ")
    assert "Submissions 3 all in these figures" in head
    assert "Mean 50 % 10 of 20 points" in head
    assert "Median 40 % 8 of 20 points" in head
    assert "Spread 36 %" in head  # the standard deviation of 0.2, 0.4, 0.9 is 0.3606
    assert "30 % to 65 %" in head
    assert "20 % to 90 % nobody with full marks" in head


def test_titles_come_from_the_released_notebook():
    assert SAID["title"] == "A1. Convolution arithmetic"
    assert SAID["fc_params"] == "Parameters of a fully connected layer"
    assert SAID["fc_params__values"] == "many values"
    assert SAID["convolve1d__care"] == "inputs stay unchanged; views and float32 are welcome"
    assert SAID["why_share"] == "In your own words"
    page = parts([result("Ada", grade("fc_params__values", 1), grade("own__x", 1))], SAID)
    assert "1 Parameters of a fully connected layer fc_params 1 100" in page.said("exercises")
    assert "many values values 1 100" in page.said("exercises")
    assert "2 own 1 100" in page.said("exercises")


def test_misconceptions_are_ranked_and_each_student_counts_once():
    one, two = "Padding is added once.", "The bias is forgotten."
    results = [
        result("Ada", wrong("a__x", one, read="lecture 04"), wrong("a__y", one, read="lecture 04")),
        result("Ben", wrong("a__x", two), wrong("b__x", two)),
        result("Chi", wrong("a__x", two, read="lecture 02")),
        result("Dan", grade("a__x", 1), grade("b__x", 1)),
    ]
    said = parts(results, {"a": "Sizes"}).said("misconceptions")
    first = f"2 {two} 1. Sizes Ben · Chi lecture 01; lecture 02"
    assert f"{first} 1 {one} 1. Sizes Ada lecture 04 1 {two} 2. b Ben lecture 01" in said
    assert "Dan" not in said


def test_wrong_answers_without_a_name_are_listed_for_whoever_writes_misconceptions():
    results = [
        result("Ada", wrong("a__x"), wrong("a__y", "The bias is forgotten.")),
        result("Ben", wrong("a__x"), wrong("b__x", fault="it is not written yet")),
        result("Chi", wrong("a__x", fault=LATE)),
    ]
    said = parts(results).said("misconceptions")
    assert "no known misconception explains (1)" in said
    assert "1 1. a a wrong answer Ben" in said


def test_answers_that_were_never_written_are_counted():
    empty = [wrong("a__x", fault="it is not written yet"), grade("b__x", 1)]
    half = [grade("a__x", 0, failure="it is not written yet", kind="CheckFailed"), grade("a__y", 1), grade("b__x", 1)]
    results = [result("Ada", *empty), result("Ben", *half), result("Chi", wrong("a__x"), wrong("b__x"))]
    board = Board(results)
    assert [item.unwritten for item in items(board, board.exercises, results, {})] == [2, 0]


def test_what_waits_is_listed_with_its_owners():
    waits, read = grade("why_share", 0, 4.0, waits=True, by_hand=True), grade("why_share", 3, 4.0, by_hand=True)
    page = parts([result("Ada", waits), result("Ben", waits), result("Chi", read)], SAID)
    assert "1. In your own words why_share 2 Ada · Ben" in page.said("waiting")
    assert "… 0 of 0" in page.said("everybody")
    assert "Nothing waits" in parts([result("Chi", read)]).said("waiting")


def test_time_outs_and_ended_processes_are_listed_with_their_exercise():
    results = [
        result("Ada", wrong("a__x", fault=LATE), wrong("a__y", fault=LATE)),
        result("Ben", grade("a__x", 0, kind="CheckFailed", failure=LATE)),
        result("Chi", grade("b__x", 0, kind="StudentProcessError", failure=GONE), restarts=1),
        result("Dan", grade("b__x", 0, kind="NotDefined", failure="b: it was never defined"), restarts=2),
        result("Eva", wrong("a__x"), grade("b__x", 1)),
    ]
    said = parts(results).said("endings")
    assert "2 1. a it did not come back within 20 seconds Ada · Ben" in said
    assert "1 2. b it ended Python (os._exit, or the like) Chi" in said
    assert "1 – a cell was given up and the process started again" in said
    assert said.endswith("Dan")
    assert "Eva" not in said
    assert "There were none" in parts(results[4:]).said("endings")


def test_repairs_are_listed_with_whose():
    results = [
        result("Ada", grade("a__x", 1), repairs=("a: the cell was missing; it was put back.",)),
        result(
            "Ben", grade("a__x", 1), repairs=("a: the cell was missing; it was put back.", "Line ends were replaced.")
        ),
    ]
    said = parts(results).said("repairs")
    assert "2 a: the cell was missing; it was put back. Ada · Ben 1 Line ends were replaced. Ben" in said
    assert "Every notebook was whole" in parts([result("Chi", grade("a__x", 1))]).said("repairs")


def test_suspected_attempts_are_listed_with_who_where_and_the_score():
    tried = (Suspicion("looks for the gradebook", "a, line 3"), Suspicion("ends Python at once", "b, line 1"))
    results = [result("Zoe", grade("a__x", 1, 4.0), suspicions=tried), result("Ada", grade("a__x", 4, 4.0))]
    page = parts(results)
    said = page.said("attempts")
    assert "Zoe 1 of 4 looks for the gradebook a, line 3 ends Python at once b, line 1" in said
    assert "cost no points and gained none" in said
    assert "Ada" not in said
    assert "Zoe !" in page.said("everybody")
    assert "reads like one" in parts(results[1:]).said("attempts")


def test_submissions_that_cannot_be_graded_are_told_and_in_no_figure():
    zero = result("Ada", grade("a__x", 0), failure="the file is empty")
    lost = Result("ben", "Ben", [grade("a__x", 0)], None, failure="the examiner failed")
    page = parts([zero, lost, result("Chi", grade("a__x", 1))])
    assert "the file is empty a zero, with the reason Ada" in page.said("failures")
    assert "the examiner failed nothing could be graded Ben" in page.said("failures")
    assert "Histogram of 1 student" in page.said("scores")
    assert "Ada" not in page.said("everybody")
    assert "Everything could be graded" in parts([result("Chi", grade("a__x", 1))]).said("failures")


def test_grading_without_a_sandbox_is_said_first():
    results = [result("Ada", grade("a__x", 1), confined=False), result("Ben", grade("a__x", 1))]
    head = class_report.page(A1, results).partition("<main>")[0]
    assert "Graded without a sandbox" in head
    assert "The code of 1 student was not confined" in head
    assert "<bdi>Ada</bdi>" in head
    assert "sandbox" not in class_report.page(A1, results[1:])


def test_a_missing_record_is_said():
    head = class_report.page(A1, [Result("ada", "Ada", [grade("a__x", 1)])]).partition("<main>")[0]
    assert "Graded by other means" in head


def test_everybody_is_there_the_best_first_with_what_was_lost():
    results = [
        result("Zoe", grade("a__x", 0, 4.0), grade("b__x", 3, 4.0)),
        result("Ada", grade("a__x", 4, 4.0), grade("b__x", 3.5, 4.0)),
    ]
    page = class_report.page(A1, results)
    assert page.index("<bdi>Ada</bdi>") < page.index("<bdi>Zoe</bdi>")
    assert re.findall(r'<td class="l(\d+)">([\d.]+)</td>', page) == [("0", "4"), ("2", "3.5"), ("10", "0"), ("3", "3")]


def test_students_of_the_same_name_can_be_told_apart():
    results = [
        Result("s1", "Ada", [grade("a__x", 1)], record("s1")),
        Result("s2", "Ada", [grade("a__x", 0)], record("s2")),
    ]
    said = parts([*results, Result("s3", "", [grade("a__x", 0)], record("s3"))]).said("everybody")
    assert "Ada (s1)" in said
    assert "Ada (s2)" in said
    assert "s3 0 0 of 1" in said


def test_many_names_are_folded():
    results = [result(f"S{n}", wrong("a__x", "The bias is forgotten.")) for n in range(13)]
    assert "13 students S0 S1 S10 S11" in parts(results).said("misconceptions")


def test_the_page_of_a_class_is_the_same_twice():
    assert class_report.page(A1, made_up(12), SAID) == class_report.page(A1, made_up(12), SAID)


def test_two_hundred_students_take_seconds():
    results = made_up(200)
    class_report.page(A1, results[:1])
    start = time.process_time()
    page = class_report.page(A1, results)
    assert time.process_time() - start < 5
    assert len(page) < 1_000_000


# Hostile text.

PAYLOADS = [
    "<script>window.owned = 1</script>",
    "<img src=x onerror=\"window.owned = 1\">",
    "\"><svg onload='window.owned = 1'>",
    "'-window.owned-'",
    "</style><style>* { display: none }</style>",
    "</title></desc></svg><iframe src=javascript:window.owned=1>",
    "{{ 7 * 7 }}{% raw %}",
    "<a href=javascript:window.owned=1>a</a>",
    "<!-- <base href=http://192.0.2.1/><meta http-equiv=refresh content=0;url=http://192.0.2.1/>",
    "\u202egnp.exe \ud800 \0 \x1b[31m &lt;script&gt;",
    "x" * 100_000,
]  # fmt: skip


def hostile_class():
    results = []
    for number, text in enumerate(PAYLOADS * 2):
        finding = Finding(text, text, text, text, text, text, text if number % 2 else LATE + text, text, text, text)
        grades = [
            Grade(f"{text[:40]}__{text[:40]}", 0, 2, kind=text, failure=text, finding=finding),
            Grade("b__x", number % 3, 2, kind="StudentProcessError", failure=GONE + text),
            Grade(f"why{text[:20]}", 0, 2, waits=True, by_hand=True),
        ]
        known = record(
            text, confined=False, repairs=(text,), lost={text: text}, failure=text if number % 7 == 6 else "",
            restarts=number, suspicions=(Suspicion(text, text),),
        )  # fmt: skip
        results.append(Result(f"{number}{text}", text, grades, known, {text: text}, known.failure))
    return results


def hostile_page():
    said = {text[:40]: text for text in PAYLOADS} | {"title": PAYLOADS[5], "b": PAYLOADS[0], "b__x": PAYLOADS[1]}
    return class_report.page(PAYLOADS[2], hostile_class(), said)


def test_hostile_text_stays_text():
    page = hostile_page()
    page.encode("utf-8")
    assert (TEMPLATES / "class_report.css").read_text() in page
    found = Parts(page)
    ours = {tag for tag, _ in Parts(class_report.page(A1, [*made_up(70), *honest_class()], SAID)).tags}
    assert {tag for tag, _ in found.tags} <= ours
    assert ours.isdisjoint({"script", "iframe", "object", "embed", "form", "link", "base", "img", "input", "button"})
    for tag, attributes in found.tags:
        assert not any(name.startswith("on") or name in ("style", "src", "action", "xlink:href") for name in attributes)
        assert attributes.get("href", "#").startswith("#")
        assert tag != "meta" or attributes.get("http-equiv", "") in ("", "Content-Security-Policy")
    assert html.escape("<script>window.owned = 1</script>") in page
    assert "{{ 7 * 7 }}" in page
    assert "[U+202E]" in page
    assert "[U+0000]" in page
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)


def test_one_student_cannot_make_the_page_endless():
    long = "x" * 10**6
    results = [result("Ada", wrong("a__x", fault=LATE + long), repairs=(long,), failure=long)]
    assert (
        len(class_report.page(A1, [*results, result("B", grade("a__x", 0, kind="x", failure=GONE + long))])) < 100_000
    )


def test_ids_and_links_fit_together():
    found = Parts(class_report.page(A1, honest_class(), SAID))
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"][1:] for tag, attributes in found.tags if tag == "a"} <= set(ids)
    labels = [word for _, attributes in found.tags for word in attributes.get("aria-labelledby", "").split()]
    assert set(labels) <= set(ids)
    headers = [attributes for tag, attributes in found.tags if tag == "th"]
    assert headers
    assert all("scope" in attributes for attributes in headers)
    assert all("aria-hidden" in attributes or "role" in attributes for tag, attributes in found.tags if tag == "svg")


def test_the_policy_lets_nothing_in_but_the_page_s_own_style():
    page = class_report.page(A1, honest_class())
    policy = next(attributes["content"] for tag, attributes in Parts(page).tags if "http-equiv" in attributes)
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|https?://", page)


def honest_class():
    tried = (Suspicion("looks for the gradebook (gradebook.db)", "fc_params, line 3"),)
    results = made_up(30)
    for number, each in enumerate(results):
        each.grades.append(Grade("why_share", 0, 4, waits=number % 2 == 0, by_hand=True))
        each.grades[0] = wrong("e0__a", "The bias is forgotten.") if number % 3 else wrong("e0__a", fault=LATE)
        each.record = record(
            each.student, repairs=("a: put back.",) * (number % 2), suspicions=tried * (number % 9 == 0)
        )
    results[3].record = record(results[3].student, confined=False)
    results[5].failure = "the file is empty"
    return results


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["hostile", "honest"])
def test_in_a_browser_it_looks_as_meant_and_nothing_runs(chromium, tmp_path, screenshots, kind):
    path = tmp_path / "report.html"
    path.write_text(
        hostile_page() if kind == "hostile" else class_report.page(A1, honest_class(), SAID), encoding="utf-8"
    )
    with chromium.new_page(viewport={"width": 1280, "height": 1000}) as page:
        asked, told = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: told.append(message.text))
        page.on("dialog", lambda dialog: told.append(dialog.message))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(path.as_uri())
        for summary in page.locator("summary").all():
            summary.click()
        assert asked == [path.as_uri()]
        assert told == []
        assert page.evaluate("window.owned") is None
        assert page.evaluate("document.scripts.length") == 0
        assert page.evaluate("getComputedStyle(document.querySelector('.figures')).display") == "grid"
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        column = page.locator("svg .column").first.bounding_box()
        assert column["height"] > 1
        assert column["width"] > 10
        page.screenshot(path=screenshots / f"class_report_{kind}.png", full_page=True)
        page.set_viewport_size({"width": 400, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
