"""Stands in the sandbox where a hidden package would be: importing it says so."""

raise ModuleNotFoundError(f"No module named {__name__!r}: this assignment is answered without it", name=__name__)
