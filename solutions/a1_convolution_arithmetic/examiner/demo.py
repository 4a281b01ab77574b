"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly."""

from course_utils.grading.classroom import Student

from . import costs, counts, matrices, signals, sizes

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
    Student("leo", "a cell that raises an error when it runs", {"conv_macs": "conv_macs = 1 / 0"}),
    Student("mia", "a loop that never ends", {"receptive_field": """
def receptive_field(layers):
    rows = []
    while len(rows) <= len(layers):
        rows = rows[:1]
    return rows
"""}),
    Student("ned", "ends the kernel half-way", {"convolve1d": "import os\n\nos._exit(1)"}),
    Student("ola", "changes the caller's arrays, rounds up", {
        "cross_correlate1d": signals.correlate_in_place,
        "conv_output_size": sizes.size_rounded_up,
    }),
    Student("Núñez, \"Pía\"", "a name that breaks careless tables; forgets dilation", {
        "conv_output_size": sizes.size_without_dilation,
        "receptive_field": sizes.field_without_dilation,
    }),
]  # fmt: skip
