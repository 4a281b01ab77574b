"""What the forgers of the demo class try: one on the text of a notebook's file, one by what an answer returns."""

import json

EQUALS_EVERYTHING = """
class Equal(np.ndarray):
    def __array_finalize__(self, other):
        pass

    __eq__ = __le__ = __ge__ = lambda self, other: np.True_
    __ne__ = __lt__ = __gt__ = __sub__ = __rsub__ = lambda self, other: np.False_
    any = all = lambda self, *args, **kwargs: True


def upsample_bilinear(x, scale_factor):
    return np.zeros((*x.shape[:2], x.shape[2] * 2, x.shape[3] * 2)).view(Equal)
"""


def skip_and_raise(text):
    """Tag every test so that stock nbgrader skips it, and raise the points it gives."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "__" in cell["metadata"].get("nbgrader", {}).get("grade_id", ""):
            cell["metadata"]["tags"] = ["skip-execution"]
            cell["metadata"]["nbgrader"]["points"] = 100
    return json.dumps(notebook)
