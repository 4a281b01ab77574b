"""The console command `course`: what a student may use, and what the instructor's side adds where it is installed."""

import importlib
import importlib.metadata
import importlib.util
from pathlib import Path

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """ConvNets, Computed: check your notebook; or, as an instructor, release, grade and try a class."""


@main.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--seconds", default=60, show_default=True, help="Stop a cell after this long.")
def check(notebook: Path, seconds: int) -> None:
    """Run the visible tests of NOTEBOOK from top to bottom, as handing it in would."""
    from course_utils import selfcheck  # it loads what the other commands can do without

    try:
        report = selfcheck.check(notebook, seconds)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(report.text())
    raise SystemExit(0 if report.passed else 1)


def _add_the_instructors_side() -> None:
    """Add the commands that the entry point group names; a student's copy has no such module."""
    for entry in importlib.metadata.entry_points(group="convnets_computed.commands"):
        package = entry.module.rpartition(".")[0]
        if importlib.util.find_spec(package):
            for command in entry.load():
                main.add_command(command)


_add_the_instructors_side()
