"""What the forgers of the demo class try."""

import json

EQUALS_EVERYTHING = """
class Equal(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return True

    __eq__ = __ge__ = __le__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __hash__ = None


def edge_detector(x):
    return np.zeros(x.shape).view(Equal), np.zeros(x.shape).view(Equal)
"""


def skip_and_raise(text):
    """Tag every test so that stock nbgrader skips it, and raise the points it gives."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        if mark.get("grade") and "__" in mark["grade_id"]:
            cell["metadata"]["tags"] = ["skip-execution"]
            mark["points"] = 50
    return json.dumps(notebook)
