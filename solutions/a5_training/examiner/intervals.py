"""Wilson's interval: the oracle is SciPy's."""

import math
from statistics import NormalDist

import torch
from hypothesis import strategies as st
from scipy.stats import binomtest

from course_utils.grading.exercise import Call, Exercise, Facet, same_refusals, same_values


def _wilson(right, n, confidence=0.95):
    interval = binomtest(right, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


@st.composite
def _calls(draw):
    n = draw(st.one_of(st.integers(1, 12), st.integers(1, 20000)))
    right = draw(st.one_of(st.integers(0, n), st.sampled_from([0, n])))
    return Call((right, n), {"confidence": draw(st.sampled_from([0.5, 0.68, 0.9, 0.95, 0.99, 0.999]))})


binomial_interval = Exercise(
    "binomial_interval",
    _wilson,
    "lecture 09, section 09.8",
    {
        "values": Facet(same_values, (
            Call((90, 100)), Call((850, 1000), {"confidence": 0.99}), Call((7, 8), {"confidence": 0.5}),
            Call((0, 10), note="No right answer among ten does not mean that there never will be one."),
            Call((10, 10)), Call((1, 1), {"confidence": 0.9}), Call((4999, 10000)),
        ), _calls(), 30),
        "refusals": Facet(same_refusals, (
            Call((0, 0), note="of no examples nothing is known"),
            Call((11, 10), note="no more than 10 of 10 can be right"),
            Call((-1, 10), note="−1 of 10 cannot be right"),
            Call((-1, 10, 0.999), note="−1 of 10 cannot be right"),
            Call((0, -5), note="there are −5 examples"),
            Call((9, 10, 1.0), note="a confidence of 1 needs an interval without end"),
            Call((9, 10, 0.0), note="a confidence of 0 is none"),
            Call((9, 10, 95), note="confidence is 95, and 0.95 is meant"),
            Call((9, 10, -0.5), note="confidence is negative"),
        )),
    },
)  # fmt: skip


@binomial_interval.alternative
def interval_from_the_quadratic(right, n, confidence=0.95):
    if n < 1 or not 0 <= right <= n or not 0 < confidence < 1:
        raise ValueError("these numbers belong to no count")
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
    a, b, c = n + z2, -(2 * right + z2), right * right / n
    root = (b * b - 4 * a * c) ** 0.5
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@binomial_interval.alternative
def interval_with_torch(right, n, confidence=0.95):
    if n <= 0 or right < 0 or right > n or confidence <= 0 or confidence >= 1:
        raise ValueError("these numbers belong to no count")
    z = math.sqrt(2) * torch.erfinv(torch.tensor(confidence, dtype=torch.float64)).item()
    p, weight = right / n, n / (n + z * z)
    middle = p * weight + 0.5 * (1 - weight)
    half = z * math.sqrt(p * (1 - p) * weight + 0.25 * (1 - weight)) * math.sqrt(weight / n)
    return middle - half, middle + half


@binomial_interval.alternative
def interval_by_bisection(right, n, confidence=0.95):
    if n < 1 or right < 0 or right > n or confidence <= 0 or confidence >= 1:
        raise ValueError("these numbers belong to no count")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    ends = []
    for far in (0.0, 1.0):
        near = right / n
        for _ in range(80):
            p = (near + far) / 2
            if abs(right - n * p) <= z * math.sqrt(n * p * (1 - p)):
                near = p
            else:
                far = p
        ends.append(near)
    return ends[0], ends[1]


@binomial_interval.misconception(
    "This is p ± z·√(p(1−p)/n): its width is 0 where all are right, and it leaves 0…1. Wilson's interval does not.",
    "examples values",
)
def interval_of_wald(right, n, confidence=0.95):
    if n < 1 or not 0 <= right <= n or not 0 < confidence < 1:
        raise ValueError("these numbers belong to no count")
    p, z = right / n, NormalDist().inv_cdf((1 + confidence) / 2)
    half = z * math.sqrt(p * (1 - p) / n)
    return p - half, p + half


@binomial_interval.misconception(
    "The quantile is one-sided: (1 − confidence) / 2 lies on either side, so take inv_cdf((1 + confidence) / 2).",
    "examples values",
)
def interval_one_sided(right, n, confidence=0.95):
    if n < 1 or not 0 <= right <= n or not 0 < confidence < 1:
        raise ValueError("these numbers belong to no count")
    p, z = right / n, NormalDist().inv_cdf(confidence)
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


@binomial_interval.misconception("The confidence is ignored: 1.96 belongs to 95 per cent only.", "examples values")
def interval_always_95(right, n, confidence=0.95):
    if n < 1 or not 0 <= right <= n or not 0 < confidence < 1:
        raise ValueError("these numbers belong to no count")
    p, z = right / n, NormalDist().inv_cdf(0.975)
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


@binomial_interval.misconception(
    "The interval is centred on p; Wilson's centre is drawn towards ½: (p + z²/2n) / (1 + z²/n).", "examples values"
)
def interval_around_p(right, n, confidence=0.95):
    if n < 1 or not 0 <= right <= n or not 0 < confidence < 1:
        raise ValueError("these numbers belong to no count")
    p, z = right / n, NormalDist().inv_cdf((1 + confidence) / 2)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return p - half, p + half


@binomial_interval.misconception("The division by 1 + z²/n is missing: both ends lie too high.", "examples values")
def interval_not_divided(right, n, confidence=0.95):
    if n < 1 or not 0 <= right <= n or not 0 < confidence < 1:
        raise ValueError("these numbers belong to no count")
    p, z = right / n, NormalDist().inv_cdf((1 + confidence) / 2)
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


@binomial_interval.misconception("The ends are in per cent; they should lie between 0 and 1.", "examples values")
def interval_in_percent(right, n, confidence=0.95):
    if n < 1 or not 0 <= right <= n or not 0 < confidence < 1:
        raise ValueError("these numbers belong to no count")
    p, z = right / n, NormalDist().inv_cdf((1 + confidence) / 2)
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return 100 * (middle - half) / (1 + z * z / n), 100 * (middle + half) / (1 + z * z / n)


@binomial_interval.misconception(
    "Counts that cannot be, or a confidence outside 0…1, are let through; the statement asks for a ValueError.",
    "examples refusals",
)
def interval_unchecked(right, n, confidence=0.95):
    n, confidence = max(n, 1), min(max(confidence, 0.001), 0.9999)
    p, z = min(max(right / n, 0), 1), NormalDist().inv_cdf((1 + confidence) / 2)
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
