"""What the forgers of the demo class try: one on the text of a notebook's file, one by what an answer returns."""

import json

EQUALS_EVERYTHING = """
class Equal(float):
    __hash__ = float.__hash__
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __sub__ = __rsub__ = lambda self, other: 0.0


def binomial_interval(right, n, confidence=0.95):
    return Equal(0.0), Equal(1.0)
"""


def skip_and_raise(text):
    """Tag every test so that stock nbgrader skips it, and raise the points it gives."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "__" in cell["metadata"].get("nbgrader", {}).get("grade_id", ""):
            cell["metadata"]["tags"] = ["skip-execution"]
            cell["metadata"]["nbgrader"]["points"] = 100
    return json.dumps(notebook)
