"""Mutants of right answers that are right as well, each with its reason; the mutation tests look here."""

EQUIVALENT: dict[str, dict[str, str]] = {}
