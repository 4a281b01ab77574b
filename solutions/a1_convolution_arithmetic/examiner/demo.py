"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly."""

from course_utils.grading.classroom import Student, skip_and_raise

from . import costs, counts, matrices, signals, sizes
from .forgeries import EQUALS_EVERYTHING, WRITES_ITS_OWN_SCORE, cut_off, rewrite_the_kernel, shuffle

CLASS = [
    Student("ada", "everything right, as in the reference", {}),
    Student("ben", "everything right, built differently", {}, alternative=0),
    Student("chi", "everything right, built differently again", {}, alternative=1),
    Student("dan", "forgets biases and the + 1", {
        "fc_params": counts.fc_without_biases,
        "conv_params": counts.conv_without_biases,
        "conv_output_size": sizes.size_without_the_first,
    }),
    Student("eva", "adds padding once, on one side", {
        "conv_output_size": sizes.size_padding_once,
        "cross_correlate1d": signals.correlate_padded_once,
    }),
    Student("fay", "flips what should not be flipped, and the other way round", {
        "cross_correlate1d": signals.correlate_flipped,
        "convolve1d": signals.convolve_unflipped,
        "toeplitz1d": matrices.matrix_flipped,
    }),
    Student("gus", "never checks an argument", {
        "fc_params": counts.fc_unchecked,
        "conv_params": counts.conv_unchecked,
        "locally_connected_params": counts.unshared_unchecked,
        "conv_output_size": sizes.size_unchecked,
        "receptive_field": sizes.field_unchecked,
    }),
    Student("hal", "takes groups and kernels too simply", {
        "conv_params": counts.conv_groups_ignored,
        "conv_macs": costs.macs_groups_twice,
        "locally_connected_params": counts.unshared_with_shared_biases,
        "separable_params": costs.separable_slide,
    }),
    Student("ivy", "walks through the layers in the wrong order", {
        "receptive_field": sizes.field_jump_too_early,
        "bottleneck_macs": costs.bottleneck_not_narrowed,
        "convolve1d": signals.convolve_same_late,
    }),
    Student("jon", "half-finished: the second half is still the stub", dict.fromkeys(
        ("bottleneck_macs", "receptive_field", "cross_correlate1d", "convolve1d", "toeplitz1d")
    )),
    Student("kim", "hands in the notebook as it was released", {}, released=True),
    Student("leo", "a cell that raises an error when it runs", {"conv_macs": "conv_macs = 1 / 0"},
            loses="conv_macs bottleneck_macs"),
    Student("mia", "a loop that never ends", {"receptive_field": """
def receptive_field(layers):
    rows = []
    while len(rows) <= len(layers):
        rows = rows[:1]
    return rows
"""}, loses="receptive_field"),
    Student("ned", "ends Python half-way", {"convolve1d": "import os\n\nos._exit(1)"}, loses="convolve1d"),
    Student("ola", "changes the caller's arrays, rounds up", {
        "cross_correlate1d": signals.correlate_in_place,
        "conv_output_size": sizes.size_rounded_up,
    }),
    Student("Núñez, \"Pía\"", "a name that breaks careless tables; forgets dilation", {
        "conv_output_size": sizes.size_without_dilation,
        "receptive_field": sizes.field_without_dilation,
    }),
    Student("rex", "forger: has the tests skipped, and gives himself more points", {
        "fc_params": counts.fc_without_biases,
        "conv_params": counts.conv_without_biases,
        "locally_connected_params": counts.unshared_but_shared,
    }, damage=skip_and_raise),
    Student("sam", "forger: takes the tests out of every cell that runs, and answers for the kernel", {
        "fc_params": counts.fc_one_bias,
        "separable_params": costs.separable_slide,
    }, damage=rewrite_the_kernel),
    Student("tia", "forger: an answer that equals everything, and a hand in the gradebook", {
        "fc_params": EQUALS_EVERYTHING,
        "conv_macs": WRITES_ITS_OWN_SCORE,
    }, loses="fc_params conv_macs bottleneck_macs"),
    Student("uma", "a file that breaks off in the middle", {}, loses="everything", damage=cut_off),
    Student("vic", "everything right in a damaged notebook: cells doubled, deleted, moved, retyped", {}, damage=shuffle),
]  # fmt: skip
