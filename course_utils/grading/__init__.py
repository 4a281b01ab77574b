"""The instructor's side: exercises and their examiner, the class, feedback and the command line.

A student's copy of the course has no such package, and nothing outside it imports it.
"""

import sys

# The validator of notebooks compiles a grammar of web addresses when it is imported: seconds, for a check not needed.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
