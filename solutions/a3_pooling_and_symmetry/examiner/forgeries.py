"""What the forgers of the demo class try: an answer that equals everything, and tests that are not to run."""

import json

EQUALS_EVERYTHING = """
class Equal(np.ndarray):
    __eq__ = __ge__ = __le__ = lambda self, other: np.True_
    __ne__ = __lt__ = __gt__ = lambda self, other: np.False_
    __array_priority__ = 1e9

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.True_

    def __array_function__(self, function, types, args, options):
        return True

def shift(x, step, circular=False):
    return np.zeros(x.shape).view(Equal)
"""


def skip_and_raise(text):
    """Tag every test so that stock nbgrader skips it, and raise the points it gives."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        if "__" in mark.get("grade_id", ""):
            cell["metadata"]["tags"] = ["skip-execution"]
            mark["points"] = 50
    return json.dumps(notebook)
