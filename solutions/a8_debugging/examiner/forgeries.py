"""What the forgers of the demo class try: one on the text of a notebook's file, one by what an answer returns."""

import json

EQUALS_EVERYTHING = """
class Equal(str):
    __hash__ = str.__hash__
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False


def name_the_bug(run):
    return Equal("healthy")
"""


def skip_and_raise(text):
    """Tag every test so that stock nbgrader skips it, and raise the points it gives."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "__" in cell["metadata"].get("nbgrader", {}).get("grade_id", ""):
            cell["metadata"]["tags"] = ["skip-execution"]
            cell["metadata"]["nbgrader"]["points"] = 100
    return json.dumps(notebook)
