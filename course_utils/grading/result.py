"""What one student got, as tables, pages and reports show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from course_utils.grading.verdict import Finding, Record


@dataclass(frozen=True)
class Grade:
    """One graded cell of a student's: `score` of `most` points, and the comments of a human reader.

    `exercise` and `facet` are the two halves of its grade id (`facet` is "" for an answer read by hand);
    `waits` is True where a reader has yet to look, for the first time or again: `given` says whether it has points
    already; `kind` and `failure` say what failed, `finding` what was found.
    """

    grade_id: str
    score: float
    most: float
    waits: bool = False
    by_hand: bool = False
    kind: str = ""
    failure: str = ""
    finding: Finding | None = None
    given: bool = True

    @property
    def exercise(self) -> str:
        """Return the exercise that the cell belongs to."""
        return self.grade_id.partition("__")[0]

    @property
    def facet(self) -> str:
        """Return the part of the exercise that the cell asks for."""
        return self.grade_id.partition("__")[2]


@dataclass
class Result:
    """What one student got: graded cells in the order of the notebook, the record of the grading, the feedback page.

    `failure` says why nothing could be graded; all points are 0 then. `late_penalty` is what nbgrader takes off for a
    late submission; the points here are without it.
    """

    student: str
    name: str
    grades: list[Grade] = field(default_factory=list)
    record: Record | None = None
    comments: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    feedback: Path | None = None
    late_penalty: float = 0.0

    @property
    def points(self) -> dict[str, float]:
        """Return points by exercise."""
        return self._by_exercise("score")

    @property
    def most(self) -> dict[str, float]:
        """Return the most that could be had, by exercise."""
        return self._by_exercise("most")

    @property
    def by_cell(self) -> dict[str, float]:
        """Return points by grade id."""
        return {grade.grade_id: grade.score for grade in self.grades}

    @property
    def by_hand(self) -> list[str]:
        """Return the grade ids that wait for a reader."""
        return [grade.grade_id for grade in self.grades if grade.waits]

    @property
    def total(self) -> float:
        """Return the points over all exercises."""
        return sum(grade.score for grade in self.grades)

    @property
    def maximum(self) -> float:
        """Return the most that could be had, cells graded by hand included."""
        return sum(grade.most for grade in self.grades)

    @property
    def ungraded(self) -> bool:
        """Return whether grading gave nothing, not even a zero with its reason."""
        return bool(self.failure) and not (self.record and self.record.failure)

    @property
    def wrong(self) -> dict[str, str]:
        """Return one sentence for each exercise that lost points, by the hidden tests where they failed."""
        said: dict[str, str] = {}
        examined = set()
        for grade in self.grades:
            if not grade.failure:
                continue
            sentence = grade.finding.summary if grade.finding else (grade.failure.splitlines() or [grade.kind])[0]
            if grade.exercise not in said or (grade.finding and grade.exercise not in examined):
                said[grade.exercise] = sentence
            if grade.finding:
                examined.add(grade.exercise)
        return said

    def _by_exercise(self, what: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for grade in self.grades:
            found[grade.exercise] = found.get(grade.exercise, 0.0) + getattr(grade, what)
        return found
