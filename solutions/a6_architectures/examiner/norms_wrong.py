"""What goes wrong in a normalisation."""

import torch

from .norms import normalise


@normalise.misconception(
    "The variance is divided by one less than the number of elements; norm layers divide by the number (the biased variance).",
    "examples values care",
)
def normalise_unbiased(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    mean = x.mean(axes, keepdim=True)
    variance = x.var(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


@normalise.misconception(
    "Mean and variance run over the axes that were not named; they run over those that were.",
    "examples values care",
)
def normalise_other_axes(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    axes = tuple(place for place in range(x.ndim) if place not in places)
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


@normalise.misconception(
    "The axes are ignored: mean and variance run over the whole tensor.",
    "examples values care",
)
def normalise_over_everything(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    mean = x.mean()
    variance = ((x - mean) ** 2).mean()
    return (x - mean) / torch.sqrt(variance + eps)


@normalise.misconception(
    "eps is added to the square root; it belongs under it.",
    "examples values care",
)
def normalise_eps_outside(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / (torch.sqrt(variance) + eps)


@normalise.misconception(
    "The division is by the variance; its square root is wanted.",
    "examples values care",
)
def normalise_by_variance(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / (variance + eps)


@normalise.misconception(
    "The mean is used for the variance but never subtracted from x.",
    "examples values care",
)
def normalise_uncentred(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return x / torch.sqrt(variance + eps)


@normalise.misconception(
    "eps is not handed on: 1e-5 is used whatever was asked for.",
    "examples values care",
)
def normalise_eps_fixed(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5)


@normalise.misconception(
    "The result is cut off from x: no gradient would reach what lies before the norm (detach, or NumPy).",
    "care",
)
def normalise_as_number(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    x = x.detach()
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


@normalise.misconception(
    "x itself is changed; the caller still needs it.",
    "care",
)
def normalise_in_place(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return x.detach().sub_(mean).div_(torch.sqrt(variance + eps)).requires_grad_(x.requires_grad)


@normalise.misconception(
    "The result is float64 whatever x is; it should have the dtype of x.",
    "care",
)
def normalise_in_double(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    x = x.double()
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


@normalise.misconception(
    "Axes counted from the end (−1 is the last) are taken for others.",
    "examples values",
)
def normalise_negative_wrong(x, axes, eps=1e-5):
    places = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if not places or len(places) < len(axes) or eps <= 0:
        raise ValueError(f"{axes=} must be different axes of {x.ndim}, at least one, and {eps=} above 0")
    axes = tuple(abs(axis) for axis in axes)
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


@normalise.misconception(
    "No axes, doubled ones, ones that x has not, or an eps of 0 and less are let through.",
    "examples refusals",
)
def normalise_unchecked(x, axes, eps=1e-5):
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)
