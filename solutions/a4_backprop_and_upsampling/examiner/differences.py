"""Finite differences: the oracle is the definition, with functions that are handed over to be called back."""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from course_utils.grading.exercise import Call, Exercise, Facet, same_dtype, same_refusals, same_values, untouched

from .inputs import generator, seeds, whole


class Loss:
    """A function of an array that prints as its formula."""

    def __init__(self, text: str, function: Callable[[np.ndarray, np.ndarray], object]) -> None:
        self.text, self.function = text, function
        self.__name__ = "f"

    def __call__(self, x: np.ndarray) -> object:
        """Return its value at x; a stands for 1, 2, 3, … in the shape of x."""
        x = np.asarray(x)
        value = self.function(x, np.arange(1.0, x.size + 1).reshape(x.shape))
        return float(value) if np.ndim(value) == 0 else value  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"f(x) = {self.text}" + (", a = 1, 2, 3, …" if "a" in self.text.replace("max", "").split() else "")


LINEAR = Loss("sum of a · x", lambda x, a: (a * x).sum())
SQUARES = Loss("sum of a · x²", lambda x, a: (a * x**2).sum())
CUBES = Loss("sum of a · x³ / 10", lambda x, a: (a * x**3).sum() / 10)
MIXED = Loss("square of the sum of a · x, / 20", lambda x, a: (a * x).sum() ** 2 / 20)
KINKS = Loss("sum of a · |x|", lambda x, a: (a * np.abs(x)).sum())
FLAT = Loss("7, whatever x is", lambda x, a: 7.0)
MANY = Loss("a · x, one number for each of x", lambda x, a: a * x)
LOSSES = [LINEAR, SQUARES, CUBES, MIXED, KINKS]
ROW, TABLE, CUBE = (
    np.array([2.0, -1.0, 3.0]),
    np.array([[1.0, -2.0, 4.0], [0.0, 3.0, -5.0]]),
    whole(generator(3), 2, 1, 3),
)


def central(f, x, eps=1e-5):
    """Return the gradient of f at x by central differences."""
    steps = eps * np.eye(x.size).reshape(x.size, *x.shape)
    slopes = [(f(x + step) - f(x - step)) / (2 * eps) for step in steps]
    return np.array(slopes, dtype=np.float64).reshape(x.shape)


@st.composite
def points(draw):
    """Draw a function, a point, and a step."""
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    return (
        draw(st.sampled_from(LOSSES)),
        whole(generator(draw(seeds)), *shape),
        draw(st.sampled_from([1e-5, 0.25, 1.0])),
    )


numerical_gradient = Exercise(
    "numerical_gradient",
    central,
    "lecture 07, on testing a gradient",
    {
        "values": Facet(same_values, (
            Call((SQUARES, TABLE)), Call((CUBES, ROW), {"eps": 0.5}, "With a step of 0.5 a one-sided difference is far off."),
            Call((MIXED, CUBE)), Call((LINEAR, np.array([4.0]))), Call((KINKS, TABLE), {"eps": 0.25}),
            Call((CUBES, TABLE), {"eps": 1.0}),
        ), points().map(lambda drawn: Call(drawn[:2], {"eps": drawn[2]})), 25),
        "care": Facet(untouched, (Call((SQUARES, ROW)), Call((MIXED, TABLE, 0.5)), Call((CUBES, CUBE, 0.25)))),
        "dtype": Facet(same_dtype, (Call((SQUARES, ROW.astype(np.float32)), {"eps": 0.25}), Call((LINEAR, TABLE)))),
        "refusals": Facet(same_refusals, (
            Call((SQUARES, ROW), {"eps": -0.5}, "eps is −0.5 and must be above 0"),
            Call((SQUARES, TABLE), {"eps": -1e-5}, "eps is −0.00001 and must be above 0"),
            Call((MANY, ROW), note="f gives three numbers, and only one number has a gradient of x's shape"),
            Call((MANY, TABLE), note="f gives six numbers, and only one number has a gradient of x's shape"),
        )),
    },
)  # fmt: skip


@numerical_gradient.alternative
def gradient_by_unit_steps(f, x, eps=1e-5):
    if eps <= 0:
        raise ValueError(f"eps is {eps}; it must be above 0")
    slopes = []
    for step in eps * np.eye(x.size):
        above, below = f(x + step.reshape(x.shape)), f(x - step.reshape(x.shape))
        if np.ndim(above):
            raise ValueError(f"f must give one number, not an array of shape {np.shape(above)}")
        slopes.append((above - below) / (eps + eps))
    return np.array(slopes, dtype=float).reshape(x.shape)


@numerical_gradient.alternative
def gradient_by_flat_copies(f, x, eps=1e-5):
    if not eps > 0:
        raise ValueError("the step must be above 0")
    if np.size(f(x)) != 1:
        raise ValueError("f must be a function with one number as its value")
    gradient = np.zeros(x.size)
    for index in range(x.size):
        values = []
        for step in (eps, -eps):
            moved = x.flatten()
            moved[index] += step
            values.append(f(moved.reshape(x.shape)))
        gradient[index] = (values[0] - values[1]) / eps / 2.0
    return gradient.reshape(x.shape)


@numerical_gradient.alternative
def gradient_one_by_one(f, x, eps=1e-5):
    def slope(place):
        step = np.zeros(x.shape)
        step[place] = eps
        rise = np.asarray(f(x + step) - f(x - step))
        if rise.shape:
            raise ValueError(f"f gave {rise.size} numbers; one was wanted")
        return rise.item() / (2 * eps)

    if eps > 0:
        return np.array([slope(place) for place in np.ndindex(x.shape)]).reshape(x.shape)
    raise ValueError(f"a step of {eps} is no step")


@numerical_gradient.misconception(
    "This is the one-sided difference (f(x + eps) − f(x)) / eps: it is exact only for very small steps. Step to both sides and divide by 2 · eps.",
    "examples values care",
)
def gradient_one_sided(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept
        below = f(point)
        point[place] = kept
        gradient[place] = (above - below) / eps
    return gradient


@numerical_gradient.misconception(
    "The two sides are exchanged: f(x + eps) minus f(x − eps), or every slope has the wrong sign.",
    "examples values care",
)
def gradient_backwards(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = (below - above) / (2 * eps)
    return gradient


@numerical_gradient.misconception(
    "From x − eps to x + eps the distance is 2 · eps; dividing by eps makes every slope twice too steep.",
    "examples values care",
)
def gradient_divided_by_eps(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = (above - below) / eps
    return gradient


@numerical_gradient.misconception(
    "The element that was moved is not put back before the next one is moved.", "examples values care"
)
def gradient_not_put_back(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        gradient[place] = (above - below) / (2 * eps)
    return gradient


@numerical_gradient.misconception("The caller's x is changed: move a copy, or put every element back.", "care")
def gradient_in_place(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x, np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = (above - below) / (2 * eps)
    x += eps
    return gradient


@numerical_gradient.misconception(
    "All elements are moved at once: that gives one slope along the diagonal, not a slope for each element.",
    "examples values care",
)
def gradient_of_all_at_once(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        gradient[place] = (f(point + eps) - f(point - eps)) / (2 * eps)
    return gradient


@numerical_gradient.misconception(
    "The gradient comes back as one long row; it has the shape of x.", "examples values care"
)
def gradient_flat(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = (above - below) / (2 * eps)
    return gradient.ravel()


@numerical_gradient.misconception(
    "The loops assume two axes; x may have any number of them (np.ndindex(x.shape) visits all elements).",
    "examples values care dtype",
)
def gradient_of_a_matrix(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape[0], x.shape[1]):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = (above - below) / (2 * eps)
    return gradient


@numerical_gradient.misconception(
    "The step eps is not looked at; another one stands in the code.", "examples values care"
)
def gradient_step_fixed(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    eps = 1e-5
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = (above - below) / (2 * eps)
    return gradient


@numerical_gradient.misconception(
    "The difference is not divided by the distance of the two points.", "examples values care"
)
def gradient_not_divided(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = above - below
    return gradient


@numerical_gradient.misconception("The result has the dtype of x; a slope needs float64, whatever x is.", "dtype")
def gradient_as_single(f, x, eps=1e-5):
    if eps <= 0 or np.size(f(x)) != 1:
        raise ValueError("eps must be above 0, and f must give one number")
    point, gradient = x.astype(float), np.zeros_like(x)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = (above - below) / (2 * eps)
    return gradient


@numerical_gradient.misconception(
    "A step that is not above 0 is let through; the statement asks for a ValueError.", "examples refusals"
)
def gradient_unchecked(f, x, eps=1e-5):
    point, gradient = x.astype(float), np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        kept = point[place]
        point[place] = kept + eps
        above = f(point)
        point[place] = kept - eps
        below = f(point)
        point[place] = kept
        gradient[place] = (above - below) / (2 * eps)
    return gradient
