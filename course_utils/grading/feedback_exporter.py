"""nbgrader's `generate_feedback`, its API and Formgrader's button, made to give the page that `course grade` gives."""

from __future__ import annotations

from typing import Any

from nbconvert.exporters import Exporter, HTMLExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from course_utils.grading.feedback import Scores, page, result_of


class FeedbackExporter(HTMLExporter):
    """Render an autograded notebook as its feedback page; set it as `c.GenerateFeedback.exporter_class`."""

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the page and the resources.

        Points, comments and the name come from the gradebook that nbgrader names in the resources. Without one they
        are what nbgrader's GetGrades wrote into the cells, and 0 where it wrote nothing.
        """
        # No template of nbconvert's is used, so what it does with them is passed over.
        notebook, resources = Exporter.from_notebook_node(self, nb, resources, **kw)
        about = resources.get("nbgrader") or {}
        student, assignment = about.get("student", ""), about.get("assignment", "")
        if about.get("db_url"):
            name, scores = _stored(about["db_url"], about["notebook"], assignment, student)
        else:
            name, scores = student, _written(notebook)
        result = result_of(notebook, scores, student, name)
        result.late_penalty = float(about.get("late_penalty") or 0.0)
        return page(notebook, result, assignment), resources


def _stored(db_url: str, notebook: str, assignment: str, student: str) -> tuple[str, Scores]:
    """Return a student's name and scores from nbgrader's gradebook; comments are those that a reader wrote."""
    with Gradebook(db_url) as gradebook:
        entry = gradebook.find_student(student)
        name = " ".join(part for part in (entry.first_name, entry.last_name) if part) or student
        paper = gradebook.find_submission_notebook(notebook, assignment, student)
        said = {comment.name: comment.manual_comment or "" for comment in paper.comments}
        scores = {}
        for grade in paper.grades:
            score = None if grade.manual_score is None and grade.auto_score is None else grade.score
            scores[grade.name] = score, grade.max_score, grade.needs_manual_grade, said.pop(grade.name, "")
    return name, {**scores, **{answer: (0.0, 0.0, False, comment) for answer, comment in said.items()}}


def _written(notebook: NotebookNode) -> Scores:
    """Return the scores and comments in a notebook's cells, as nbgrader's GetGrades writes them."""
    scores = {}
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader") or {}
        if "grade_id" in mark:
            score, unread = mark.get("score"), bool(mark.get("solution") and "score" not in mark)
            scores[mark["grade_id"]] = (score, mark.get("points") or 0.0, unread, mark.get("comment") or "")
    return scores
