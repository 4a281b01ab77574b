"""What the forgers of the demo class try: one on the text of a notebook's file, one by what an answer returns."""

import json

EQUALS_EVERYTHING = """
class Equal(torch.Tensor):
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __hash__ = torch.Tensor.__hash__
    any = all = lambda self, *args, **kwargs: True


def linear_probe(features, labels, new_features, penalty=0.1):
    return torch.zeros(len(new_features), int(labels.max()) + 1).as_subclass(Equal)
"""


def skip_and_raise(text):
    """Tag every test so that stock nbgrader skips it, and raise the points it gives."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "__" in cell["metadata"].get("nbgrader", {}).get("grade_id", ""):
            cell["metadata"]["tags"] = ["skip-execution"]
            cell["metadata"]["nbgrader"]["points"] = 100
    return json.dumps(notebook)
