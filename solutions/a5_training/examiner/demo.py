"""The class of `course demo`: who hands in what. An exercise that is not named is answered rightly."""

from course_utils.grading.classroom import Student, skip_and_raise

from . import (
    ablation_wrong,
    dense,
    distortions,
    intervals,
    lenet,
    norms,
    scoring_wrong,
    shifts,
    signals,
    training,
    training_resumed_wrong,
    training_wrong,
)
from .forgeries import EQUALS_EVERYTHING

CLASS = [
    Student("abe", "everything right, built differently", {}, alternative=0),
    Student("bea", "everything right, built differently again", {}, alternative=1),
    Student("cem", "forgets eval(), zero_grad() and the model's device", {
        "accuracy": scoring_wrong.accuracy_without_eval,
        "train": training_wrong.train_without_zero_grad,
        "local_response_norm": norms.lrn_through_numpy,
    }),
    Student("dee", "puts a softmax at the end of everything", {
        "build_mnist1d_cnn": signals.cnn_with_softmax,
        "build_mnist1d_fc": dense.fc_with_softmax,
        "train": training_wrong.train_mean_of_batches,
    }),
    Student("eli", "takes views for copies", {
        "train": training_resumed_wrong.train_gives_views,
        "ablate": ablation_wrong.ablate_shares_layers,
        "random_translate": shifts.translate_in_place,
    }),
    Student("flo", "never checks an argument, and leaves the device behind", {
        "accuracy": scoring_wrong.accuracy_device_left_behind,
        "train": training_resumed_wrong.train_labels_left_behind,
        "build_mnist1d_cnn": signals.cnn_unchecked,
        "lenet5": lenet.lenet_unchecked,
        "ablate": ablation_wrong.ablate_unchecked,
    }),
    Student("gil", "hands in the notebook as it was released", {}, released=True),
    Student("hua", "a loop that never ends, where the model is tested", {"accuracy": """
def accuracy(model, x, y, batch_size=100):
    start, right = 0, 0
    while start < len(x):
        part = slice(start, start + batch_size)
        right += (model(x[part]).argmax(1) == y[part]).sum().item()
    return right / len(x)
""", "train": training.train_with_a_sampler}, loses="accuracy"),
    Student("ian", "forger: has the tests skipped, and gives himself more points", {
        "elastic_distort": distortions.distort_one_axis,
        "binomial_interval": intervals.interval_of_wald,
        "random_translate": shifts.translate_all_alike,
        "build_mnist1d_cnn": signals.cnn_in_a_list,
    }, damage=skip_and_raise),
    Student("joy", "forger: numbers that equal everything", {"binomial_interval": EQUALS_EVERYTHING},
            loses="binomial_interval"),
]  # fmt: skip
