"""How nbgrader sees the course: solutions/ is the source, assignments/ the release."""

import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
c = get_config()  # noqa: F821 - nbgrader puts it here

c.CourseDirectory.course_id = "convnets-computed"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
# The examiner's oracles and answers are never copied to a release or beside a student's notebook.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "examiner", "policy.toml"]

# Every way to grade goes through the sandbox and the examiner. A student's copy has neither, and only validates.
if importlib.util.find_spec("course_utils.grading"):
    importlib.import_module("course_utils.grading.hooks").configure(c)

# Submissions come as files named STUDENT_attempt_TIME_NOTEBOOK.ipynb, as learning platforms export them.
c.FileNameCollectorPlugin.named_regexp = (
    r"(?:.*[/\\])?(?P<student_id>\w[\w.@-]*?)_attempt_(?P<timestamp>[0-9-]+)_(?P<file_id>\w+)"
)

# Hidden tests ask the examiner, who is found by this name wherever a kernel runs.
os.environ.setdefault("COURSE_ROOT", str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")
# nbgrader calls alembic by name; it lies beside this Python, whether or not the environment is activated.
BIN = str(Path(sys.executable).parent)
if BIN not in os.environ.get("PATH", "").split(os.pathsep):
    os.environ["PATH"] = BIN + os.pathsep + os.environ.get("PATH", "")
