"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly."""

from course_utils.grading.classroom import Student, skip_and_raise

from . import (
    bilinear,
    checking,
    layers_wrong,
    layers_wrong_too,
    means,
    pools_wrong,
    reading,
    reading_wrong,
    transposed_wrong,
    unpooling,
)
from .forgeries import EQUALS_EVERYTHING

CLASS = [
    Student("abe", "everything right, built differently", {}, alternative=0),
    Student("bea", "everything right, built differently again", {}, alternative=1),
    Student("cem", "writes where he should add", {
        "avg_pool2d_backward": means.mean_backward_assigned,
        "conv_transpose2d": transposed_wrong.transposed_assigned,
        "max_pool2d_backward": pools_wrong.max_backward_assigned,
        "train_digits": reading.train_by_gathering,
    }),
    Student("dee", "cuts the padding off from p to minus p, and averages the bias", {
        "conv2d_backward": layers_wrong.backward_cropped_to_minus_p,
        "conv_transpose2d": transposed_wrong.transposed_cropped_to_minus_p,
        "train_digits": reading.train_last_layer_only,
    }),
    Student("eli", "takes rows for columns", {
        "max_unpool2d": unpooling.unpool_split_by_height,
        "upsample_bilinear": bilinear.bilinear_sides_exchanged,
        "conv2d_backward": layers_wrong.backward_sides_exchanged,
        "train_digits": reading_wrong.train_linear,
    }),
    Student("flo", "everything in float64, and never checks an argument", {
        "conv2d_backward": layers_wrong_too.backward_as_double,
        "conv_transpose2d": transposed_wrong.transposed_unchecked,
        "gradient_check": checking.check_unchecked,
        "train_digits": reading_wrong.train_most_frequent,
    }),
    Student("gil", "hands in the notebook as it was released", {}, released=True),
    Student("hua", "a loop that never ends", {"avg_pool2d_backward": """
def avg_pool2d_backward(dout, input_size, kernel_size, stride=None):
    shares = [dout]
    while shares:
        shares = shares[:1]
    return shares
"""}, loses="avg_pool2d_backward"),
    Student("ian", "forger: has the tests skipped, and gives himself more points", {
        "max_unpool2d": unpooling.unpool_duplicated,
        "upsample_bilinear": bilinear.bilinear_nearest,
    }, damage=skip_and_raise),
    Student("joy", "forger: an array that equals everything", {"upsample_bilinear": EQUALS_EVERYTHING},
            loses="upsample_bilinear"),
]  # fmt: skip
