"""What the forgers of the demo class try, and what happens to honest files: done to the text of a notebook's file."""

import json

EQUALS_EVERYTHING = """
class Equal:
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __hash__ = lambda self: 0
    __int__ = __index__ = lambda self: 20

def fc_params(*args, **kwargs):
    return Equal()
"""

WRITES_ITS_OWN_SCORE = """
import glob, sqlite3

for place in ["../../../gradebook.db", *glob.glob("/home/*/*/gradebook.db")]:
    try:
        with sqlite3.connect(place) as book:
            book.execute("UPDATE grade SET manual_score = 99")
    except sqlite3.Error:
        pass

def conv_macs(*args, **kwargs):
    return 0
"""

NEW_KERNEL = """
class Drop(__import__("ast").NodeTransformer):
    def visit_Assert(self, node):
        return __import__("ast").Pass()

get_ipython().ast_transformers.append(Drop())
get_ipython().input_transformers_cleanup.append(lambda lines: [] if any("examine(" in line for line in lines) else lines)
"""


def _tests(notebook):
    return [cell for cell in notebook["cells"] if "__" in cell["metadata"].get("nbgrader", {}).get("grade_id", "")]


def rewrite_the_kernel(text):
    """Put a cell in front that changes what the kernel does with all that follow."""
    notebook = json.loads(text)
    own = {
        "cell_type": "code",
        "id": "mine",
        "metadata": {},
        "source": NEW_KERNEL,
        "outputs": [],
        "execution_count": None,
    }
    notebook["cells"].insert(0, own)
    return json.dumps(notebook)


def cut_off(text):
    """Keep the first two thirds of the file, as a lost connection would."""
    return text[: 2 * len(text) // 3]


def shuffle(text):
    """Double one test, delete one, move an answer to the end, and make another a text cell."""
    notebook = json.loads(text)
    tests = _tests(notebook)
    cells = notebook["cells"]
    cells.insert(cells.index(tests[3]), dict(tests[3]))
    cells.remove(tests[5])
    answers = [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("solution")]
    cells.append(cells.pop(cells.index(answers[2])))
    answers[4]["cell_type"] = "raw"
    return json.dumps(notebook)
