"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly."""

from course_utils.grading.classroom import Student, skip_and_raise

from . import (
    attention_wrong,
    convnext_wrong,
    dense_wrong,
    inception_wrong,
    macs_wrong,
    macs_wrong_too,
    nets_wrong,
    norms_wrong,
    residual_wrong,
    residual_wrong_too,
    separable_wrong,
    transition_wrong,
)
from .forgeries import EQUALS_EVERYTHING

CLASS = [
    Student("abe", "everything right, built differently", {}, alternative=0),
    Student("bea", "everything right, built differently again", {}, alternative=1),
    Student("cem", "keeps layers in plain lists, and exchanges what comes in pairs", {
        "vgg": nets_wrong.vgg_in_a_plain_list,
        "Inception": inception_wrong.InceptionExchanged,
        "DenseBlock": dense_wrong.DenseInAList,
        "SpatialAttention": attention_wrong.SpatialMaxFirst,
    }),
    Student("dee", "puts activations in the wrong places", {
        "ResidualBlock": residual_wrong.ResidualReLUFirst,
        "Transition": transition_wrong.TransitionConvFirst,
        "SEBlock": attention_wrong.SEWithoutSigmoid,
        "ConvNeXtBlock": convnext_wrong.ConvNeXtGELULast,
    }),
    Student("eli", "has trouble with norms: over the wrong axes, shared, or with a bias before them", {
        "vgg": nets_wrong.vgg_with_bias_too,
        "ResidualBlock": residual_wrong.ResidualSharedNorm,
        "normalise": norms_wrong.normalise_unbiased,
        "DepthwiseSeparable": separable_wrong.SeparableOneNorm,
        "ConvNeXtBlock": convnext_wrong.ConvNeXtNormOverAll,
    }),
    Student("flo", "counts FLOPs, strides late, and never checks an argument", {
        "vgg": nets_wrong.vgg_unchecked,
        "ResidualBlock": residual_wrong_too.ResidualUnchecked,
        "SEBlock": attention_wrong.SEUnchecked,
        "normalise": norms_wrong.normalise_unchecked,
        "DepthwiseSeparable": separable_wrong.SeparableStrideLast,
        "count_macs": macs_wrong.count_flops,
    }),
    Student("gil", "hands in the notebook as it was released", {}, released=True),
    Student("hua", "a loop that never ends", {"normalise": """
def normalise(x, axes, eps=1e-5):
    means = [x]
    while means:
        means = means[:1]
    return x
"""}, loses="normalise"),
    Student("ian", "forger: has the tests skipped, and gives himself more points", {
        "Inception": inception_wrong.InceptionNaive,
        "count_macs": macs_wrong_too.count_hooks_left,
    }, damage=skip_and_raise),
    Student("joy", "forger: a tensor that equals everything", {"normalise": EQUALS_EVERYTHING}, loses="normalise"),
]  # fmt: skip
