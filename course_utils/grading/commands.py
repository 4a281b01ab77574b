"""The instructor's commands: demo, grade, release."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import click
from rich import markup
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from course_utils.grading import class_report, classroom, demo, student_zip
from course_utils.grading.loading import course_root
from course_utils.grading.pipeline import Course, Crew, GradingError, GradingRun
from course_utils.grading.report import class_table, legend, moved_table, visible, write_csv
from course_utils.grading.result import Result

console = Console(width=None if sys.stdout.isatty() else 150)


def _root() -> Path:
    try:
        return course_root()
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error


def _known(root: Path, assignment: str) -> str:
    """Return the full name of an assignment that may be given by its first letters, such as a1."""
    known = classroom.assignments(root)
    fitting = [name for name in known if name == assignment or name.startswith(f"{assignment}_")]
    if len(fitting) != 1:
        raise click.ClickException(f"no assignment {assignment!r}; there are: {', '.join(known) or 'none'}")
    return fitting[0]


def grade_class(course: Course, assignment: str, students: list[str], crew: Crew, force: bool = False) -> list[Result]:
    """Grade under a progress bar; write feedback, grades.csv and the class report; print the table."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("starting", total=len(students))

        def tick(student: str) -> None:
            progress.update(bar, advance=1, description=f"graded {markup.escape(visible(student))}")

        run = course.grade(assignment, students, crew, force, tick)
    results = course.write_feedback(assignment, run.failures)
    write_csv(course.root / "grades.csv", assignment, results)
    report = course.root / f"class-report-{assignment}.html"
    report.write_text(
        class_report.page(assignment, results, class_report.said_in(classroom.read(course.released(assignment)))),
        encoding="utf-8",
    )
    console.print(class_table(assignment, results))
    console.print(legend(results), style="dim", highlight=False)
    _tell(run, results, crew)
    console.print(f"[bold]Read[/] {report}\n  for the picture of the class; grades.csv lies beside it", soft_wrap=True)
    return results


def _tell(run: GradingRun, results: list[Result], crew: Crew) -> None:
    """Print what the table does not say."""
    if run.kept:
        console.print(f"{len(run.kept)} were graded before and have not changed since; --force grades them again.")
    if run.moved:
        console.print(moved_table(run.moved, {result.student: result for result in results}))
    if any(result.by_hand for result in results):
        console.print("? waits for a reader: open Formgrader (make lab, Nbgrader menu) to grade it by hand.")
    for result in results:
        if result.record and result.record.suspicions:
            tried = sorted({each.what for each in result.record.suspicions})
            told = markup.escape(visible(f"{result.name}: {'; '.join(tried)}"))
            console.print(f"[yellow]looks like an attempt, and gained nothing:[/] {told}")
    if not crew.confined:
        console.print("[bold red]Graded without a sandbox:[/] student code ran with your rights. Every page says so.")


@click.command()
@click.argument("assignment")
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), help="The course folder; found by itself.")
@click.option("--student", "students", multiple=True, help="Grade this student only; may be repeated.")
@click.option("--workers", type=click.IntRange(min=1), help="Grade so many at once. [the number of processors]")
@click.option("--scheduler", help="A Dask scheduler, such as tcp://10.0.0.1:8786, instead of this machine.")
@click.option("--db", "db_url", help="The gradebook, as a database URL. [gradebook.db in the course folder]")
@click.option("--force", is_flag=True, help="Grade again what is graded and has not changed.")
@click.option("--unconfined", is_flag=True, help="Grade without a sandbox: student code can do whatever you can.")
def grade(
    assignment: str,
    root: Path | None,
    students: tuple[str, ...],
    workers: int | None,
    scheduler: str | None,
    db_url: str | None,
    force: bool,
    unconfined: bool,
) -> None:
    """Grade the submissions of ASSIGNMENT (a1, or its full name).

    Takes what lies in submitted/STUDENT/ASSIGNMENT/, and what was put into downloaded/ASSIGNMENT/archive/ as
    STUDENT_attempt_TIME_NOTEBOOK.ipynb. Writes autograded/, feedback/, the gradebook, grades.csv and a class report.
    What is graded already and has not changed is left alone, so a run that was stopped can be started again.
    """
    base = (root or _root()).resolve()
    name = _known(base, assignment)
    try:
        course = Course(base, db_url or "")
        if any((base / "downloaded" / name / "archive").glob("*")):
            for refused in course.collect(name):
                console.print(refused, style="yellow", markup=False, highlight=False, soft_wrap=True)
        there = course.submitted(name)
        missing = [student for student in students if student not in there]
        if missing:
            raise GradingError(
                visible(f"{', '.join(missing)} handed in nothing; there are: {', '.join(there) or 'none'}")
            )
        if not there:
            raise GradingError(f"nothing was handed in: {base / 'submitted'} holds no {name}")
        crew = Crew(scheduler, workers, not unconfined)
        results = grade_class(course, name, list(dict.fromkeys(students)) or there, crew, force)
    except GradingError as error:
        raise click.ClickException(str(error)) from error
    console.print(f"[bold]Written:[/] {base / 'grades.csv'} and {base / 'feedback'}", soft_wrap=True)
    raise SystemExit(1 if any(result.ungraded for result in results) else 0)


@click.command(name="demo")
@click.argument("assignment", default="a1")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where to make the class. [build/demo]"
)
@click.option("--students", type=click.IntRange(min=1), help="Take only the first so many.")
@click.option("--open/--no-open", "show", default=False, help="Open a feedback page in the browser.")
@click.option("--unconfined", is_flag=True, help="Grade without a sandbox; the class is made up and means no harm.")
def demo_command(assignment: str, folder: Path | None, students: int | None, show: bool, unconfined: bool) -> None:
    """Make a class that hands in ASSIGNMENT, right and wrong in many ways, and grade it.

    Works in a folder of its own, which is made anew; the course itself is not touched.
    """
    root = _root()
    name = _known(root, assignment)
    place = (folder or root / "build" / "demo").resolve()
    try:
        course, members = demo.make_class(root, place, name, students)
        console.print(f"A class of {len(members)} hands in {name}, in {place}")
        results = grade_class(course, name, course.submitted(name), Crew(confined=not unconfined))
    except GradingError as error:
        raise click.ClickException(str(error)) from error
    pages = [result for result in results if result.feedback and result.wrong]
    if pages:
        page = pages[0].feedback
        console.print(f"[bold]Open[/] {page}\n  to read what {pages[0].name} is told; grades.csv lies in {place}")
        if show and page:
            webbrowser.open(page.as_uri())


@click.command()
@click.argument("assignments", nargs=-1)
@click.option(
    "--to", type=click.Path(path_type=Path, dir_okay=False), help="The zip. [dist/convnets-computed-student.zip]"
)
def release(assignments: tuple[str, ...], to: Path | None) -> None:
    """Generate assignments/ from solutions/ and pack a zip for students: the course without its answers.

    ASSIGNMENTS are those to generate anew; all of them where none is named.
    """
    root = _root()
    names = [_known(root, each) for each in assignments] or classroom.assignments(root)
    try:
        for name in names:
            console.print(f"generated {student_zip.generate(root, name).relative_to(root)}")
        path = student_zip.pack(root, to or root / "dist" / "convnets-computed-student.zip")
    except GradingError as error:
        raise click.ClickException(str(error)) from error
    console.print(f"packed {path} ({path.stat().st_size / 1e6:.1f} MB)")


COMMANDS = [demo_command, grade, release]

__all__ = ["COMMANDS", "grade_class"]
