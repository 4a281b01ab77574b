"""What to do when it does not work: a tree of questions, to be walked from the top."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question of the tree: which answer leaves it, and what to do then."""

    ask: str
    leaves: str
    todo: str
    where: str


@dataclass(frozen=True)
class Trouble:
    """A branch of the tree: questions in their order, and what is left when none of them leaves it."""

    questions: tuple[Question, ...]
    todo: str
    where: str


TREE = {
    "it diverges": Trouble(
        (
            Question("Is the first loss ln C?", "no", "mend weights, inputs or reduction at the start", "15.1"),
            Question(
                "Does a rate ten times smaller cure it?",
                "yes",
                "sweep the rate, take a third of the largest good one",
                "15.9",
            ),
            Question("Does one step lower the loss of its own batch?", "no", "sign, zero_grad, gradient check", "15.3"),
        ),
        "rare large gradients: clip them, warm the rate up, look at the batch before the jump",
        "15.9",
    ),
    "it collapses": Trouble(
        (
            Question(
                "Do the scores depend on the input?",
                "no",
                "hidden units × samples: dead, equal, lost on the way",
                "15.4",
            ),
            Question(
                "Would a constant answer have this loss?",
                "yes",
                "another loss: weights, negatives, the right shapes",
                "15.10",
            ),
            Question("Is each class found?", "no", "balance the classes, count errors by class", "15.10"),
        ),
        'no collapse: go on under "it under-performs"',
        "15.11",
    ),
    "it under-performs": Trouble(
        (
            Question(
                "Does it learn 32 examples by heart?", "no", "a bug: labels, loss, gradient, stray weights", "15.2"
            ),
            Question("Is the training error low?", "no", "a larger net, more steps, another rate", "15.11"),
            Question(
                "Is the test prepared like the training?",
                "no",
                "the same scaling, eval(), the same order of axes",
                "15.6",
            ),
        ),
        "over-fitting: more data, augmentation, weight decay, transfer",
        "15.6",
    ),
    "it is too slow": Trouble(
        (
            Question(
                "Does the time follow the batch size?", "no", "larger batches: the calls cost, not the sums", "15.12"
            ),
            Question(
                "Is the device busy?",
                "no",
                "mend the loader, move data once, do not read losses each step",
                "lecture 08",
            ),
            Question(
                "Do few layers have most of the MACs?",
                "yes",
                "narrow these, stride earlier, depthwise or grouped",
                "15.12",
            ),
        ),
        "a GPU, several of them, lower precision, or a smaller net",
        "lecture 08",
    ),
}
"""What to do when it does not work: the branches of the sources, each with three questions."""
