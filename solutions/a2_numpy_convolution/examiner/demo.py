"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly."""

from course_utils.grading.classroom import Student, skip_and_raise

from . import depthwise_mistakes, edges, flipped, matrices, naive_mistakes
from .forgeries import EQUALS_EVERYTHING

CLASS = [
    Student("ada", "everything right, as in the reference", {}),
    Student("ben", "everything right, built differently", {}, alternative=0),
    Student("chi", "everything right, built differently again", {}, alternative=2),
    Student("dan", "flips what should not be flipped, and the other way round", {
        "convolve2d": flipped.convolved_unturned,
        "conv2d_naive": naive_mistakes.naive_flipped,
        "depthwise_conv2d": depthwise_mistakes.depthwise_flipped,
        "edge_detector": edges.edges_flipped,
    }),
    Student("eva", "a loop where none is wanted, and every map is taken for square", {
        "conv2d_naive": naive_mistakes.naive_square,
        "depthwise_conv2d": depthwise_mistakes.depthwise_channel_by_channel,
        "edge_detector": edges.edges_zero_padded,
    }),
    Student("fay", "never checks an argument, and changes the caller's arrays", {
        "convolve2d": flipped.convolved_in_place,
        "conv2d_naive": naive_mistakes.naive_unchecked,
        "depthwise_conv2d": depthwise_mistakes.depthwise_unchecked,
        "conv_as_matrix": matrices.matrix_unchecked,
    }),
    Student("gus", "half-finished: four exercises are still the stub", dict.fromkeys(
        ("convolve2d", "depthwise_conv2d", "conv_as_matrix", "edge_detector")
    )),
    Student("hal", "hands in the notebook as it was released", {}, released=True),
    Student("ivy", "a loop that never ends", {"conv_as_matrix": """
def conv_as_matrix(w, input_size, padding=0):
    rows = []
    while len(rows) <= len(w):
        rows = rows[:1]
    return np.array(rows)
"""}, loses="conv_as_matrix"),
    Student("rex", "forger: has the tests skipped, and gives himself more points", {
        "convolve2d": flipped.convolved_full,
        "conv_as_matrix": matrices.matrix_transposed,
        "edge_detector": edges.edges_in_degrees,
    }, damage=skip_and_raise),
    Student("tia", "forger: an array that says it equals everything", {"edge_detector": EQUALS_EVERYTHING},
            loses="edge_detector"),
]  # fmt: skip
