"""Mutants of right answers that are right as well, each with its reason; the mutation tests look here."""

ORDER = "the order of axes that are reduced together, or of values that are only compared, does not matter"
NUMPY_REFUSES = "NumPy raises the ValueError itself"
NO_STEP = "a slice or a range with step 0 raises the ValueError itself"
EMPTY = "an empty window has no maximum: NumPy raises the ValueError itself"
ROUND = "a disc looks the same transposed and turned by 180°"
ONE_IMAGE = "there is one image, so the last is the first"

_MAX = "if min(kh, kw, sh, sw) < 1:"
_MAX_ALL = "if min(kh, kw, sh, sw) < 1 or kh > height or kw > width:"
_MAX_SLICES = "if kh < 1 or kw < 1 or sh < 1 or (sw < 1) or (kh > len(rows)) or (kw > len(columns)):"
_AVG_FITS = "if kh > x.shape[2] + 2 * ph or kw > x.shape[3] + 2 * pw:"
_AVG_LOOPS = "if min(kh, kw, sh, sw) < 1 or ph < 0 or pw < 0 or (2 * ph > kh) or (2 * pw > kw):"
_AVG_SUMS = "if min(kh, kw, sh, sw) < 1 or not 0 <= 2 * ph <= kh or (not 0 <= 2 * pw <= kw):"
_DISC = "if radius < 0 or sh < 1 or sw < 1:"
_DISC_LOOPS = (
    "if radius < 0 or sh < 1 or sw < 1 or (side > x.shape[2]) or (side > x.shape[3]) or (mode not in ('max', 'mean')):"
)
_DISC_MASKED = "if radius < 0 or min(pair(stride)) < 1 or side > min(x.shape[2:]) or (mode not in ('max', 'mean')):"
_DISC_MEAN = (
    "return (masked.max(axis=(4, 5)) if mode == 'max' else masked.mean(axis=(4, 5))).data.astype("
    "x.dtype if mode == 'max' else np.result_type(x, np.float32))"
)
_DISC_STEPS = "steps = [(reach + i, reach + j) for i in away for j in away if i * i + j * j <= radius * radius]"
_SHARE_WINDOWS = "if min(kh, kw, sh, sw, rows, columns) < 1 or dy < 0 or dx < 0:"
_SHARE_LOOPS = "if kh < 1 or kw < 1 or sh < 1 or (sw < 1) or (dy < 0) or (dx < 0):"
_SHARE_SLICES = "if min(kh, kw, sh, sw, rows, columns) < 1 or min(shift) < 0:"
_LOOKS_WIDER = "larger images pass the check, and NumPy raises the ValueError itself"

EQUIVALENT = {
    "max_pool2d": {
        "branch never taken in if kh > height or kw > width:": NUMPY_REFUSES,
        "Or to And in if kh > height or kw > width:": NUMPY_REFUSES,
        f"argument 0 left out in {_MAX}": EMPTY,
        f"argument 1 left out in {_MAX}": EMPTY,
        f"1 to 0 in {_MAX}": f"{EMPTY}; {NO_STEP}",
        "pair exchanged in return (windows.max(axis=(4, 5)), (tops + inside // kw) * width + lefts + inside % kw) #2": ORDER,
        f"argument 0 left out in {_MAX_ALL}": EMPTY,
        f"argument 1 left out in {_MAX_ALL}": EMPTY,
        f"1 to 0 in {_MAX_SLICES} #3": NO_STEP,
        f"1 to 0 in {_MAX_SLICES} #4": NO_STEP,
        "0 to -1 in return (np.take_along_axis(windows, best, axis=4)[..., 0], argmax[..., 0])": "the axis has one element",
        "0 to -1 in return (np.take_along_axis(windows, best, axis=4)[..., 0], argmax[..., 0]) #2": (
            "the axis has one element"
        ),
    },
    "avg_pool2d": {
        f"branch never taken in {_AVG_FITS}": NUMPY_REFUSES,
        f"Or to And in {_AVG_FITS}": NUMPY_REFUSES,
        f"Mult to Add in {_AVG_FITS}": _LOOKS_WIDER,
        f"Mult to Add in {_AVG_FITS} #2": _LOOKS_WIDER,
        f"2 to 3 in {_AVG_FITS} #2": _LOOKS_WIDER,
        f"2 to 3 in {_AVG_FITS} #3": _LOOKS_WIDER,
        "0 to -1 in if min(ph, pw) < 0 or 2 * ph > kh or 2 * pw > kw:": "np.pad refuses −1 itself",
        "pair exchanged in return windows[:, :, ::sh, ::sw].sum(axis=(4, 5))": ORDER,
        "pair exchanged in y[:, :, i, j] = window.sum(axis=(2, 3)) / cells": ORDER,
        f"argument 2 left out in {_AVG_LOOPS}": "range refuses a step of 0, and is empty for one below it",
        f"argument 3 left out in {_AVG_LOOPS}": "range refuses a step of 0, and is empty for one below it",
        f"argument 0 left out in {_AVG_SUMS}": "below 0 the next condition holds; 0 makes slices of unlike length",
        f"argument 1 left out in {_AVG_SUMS}": "below 0 the last condition holds; 0 makes slices of unlike length",
        f"1 to 0 in {_AVG_SUMS}": f"a kernel of 0 makes slices of unlike length; {NO_STEP}",
        f"0 to -1 in {_AVG_SUMS}": "twice a whole number is never −1",
        f"0 to -1 in {_AVG_SUMS} #2": "twice a whole number is never −1",
    },
    "masked_pool2d": {
        "branch never taken in if len(disc) > min(x.shape[2:]):": NUMPY_REFUSES,
        "2 to 3 in if len(disc) > min(x.shape[2:]):": NUMPY_REFUSES,
        "pair exchanged in if mode not in ('max', 'mean'):": ORDER,
        f"1 to 0 in {_DISC}": NO_STEP,
        f"1 to 0 in {_DISC} #2": NO_STEP,
        "pair exchanged in windows = np.lib.stride_tricks.sliding_window_view(x, disc.shape, axis=(2, 3))[:, :, ::sh, ::sw]": (
            ROUND
        ),
        f"1 to 0 in {_DISC_LOOPS}": NO_STEP,
        f"1 to 0 in {_DISC_LOOPS} #2": NO_STEP,
        f"2 to 3 in {_DISC_LOOPS}": "without a row of windows np.moveaxis raises an AxisError, which is a ValueError",
        f"3 to 2 in {_DISC_LOOPS}": "without a column of windows np.moveaxis raises an AxisError, which is a ValueError",
        f"pair exchanged in {_DISC_LOOPS}": ORDER,
        f"pair exchanged in {_DISC_STEPS}": ROUND,
        f"Add to Sub in {_DISC_STEPS}": ROUND,
        f"Add to Sub in {_DISC_STEPS} #2": ROUND,
        "pair exchanged in if radius < 0 or min(sh, sw, height, width) < 1 or mode not in ('max', 'mean'):": ORDER,
        "1 to 2 in away = range(-reach, reach + 1)": "one step further lies outside every disc of that reach",
        f"1 to 0 in {_DISC_MASKED}": NO_STEP,
        f"2 to 3 in {_DISC_MASKED}": NUMPY_REFUSES,
        f"pair exchanged in {_DISC_MASKED}": ORDER,
        "pair exchanged in windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(2, 3))": ROUND,
        f"pair exchanged in {_DISC_MEAN}": ORDER,
        f"pair exchanged in {_DISC_MEAN} #2": ORDER,
    },
    "shift": {
        "0 to 1 in return slice(max(places, 0), max(size + min(places, 0), 0)) #3": "a slice ends where the array does",
        "branch never taken in if x.ndim != 4:": "height and width are unpacked from two sizes: Python raises the ValueError",
    },
    "equivariance_error": {
        "FloorDiv to Div in steps.append(places * after // before)": "the number is whole, and np.roll takes whole floats",
    },
    "fraction_unchanged": {
        "pair exchanged in before, after = (maxima[:, :, :rows:sh, :columns:sw], maxima[:, :, dy::sh, dx::sw])": (
            "equality does not ask who comes first"
        ),
        f"argument 0 left out in {_SHARE_WINDOWS}": EMPTY,
        f"argument 1 left out in {_SHARE_WINDOWS}": EMPTY,
        "pair exchanged in maxima = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3)).max(axis=(4, 5))": ORDER,
        f"1 to 0 in {_SHARE_LOOPS}": EMPTY,
        f"1 to 0 in {_SHARE_LOOPS} #2": EMPTY,
        f"1 to 0 in {_SHARE_LOOPS} #3": NO_STEP,
        f"1 to 0 in {_SHARE_LOOPS} #4": NO_STEP,
        "pair exchanged in here = x[:, :, top:top + kh, left:left + kw].max(axis=(2, 3))": ORDER,
        "pair exchanged in there = x[:, :, top + dy:top + dy + kh, left + dx:left + dx + kw].max(axis=(2, 3))": ORDER,
        f"argument 0 left out in {_SHARE_SLICES}": "of no slices there is no maximum: NumPy raises the ValueError itself",
        f"argument 1 left out in {_SHARE_SLICES}": "of no slices there is no maximum: NumPy raises the ValueError itself",
    },
    "empirical_receptive_field": {
        "argument 1 left out in at, changed = ((0, *position), np.zeros(x.shape, bool))": "0.0 and 1.0 are as false and true",
        "argument 1 left out in seen = np.zeros(x.shape[1:], bool)": "0.0 and 1.0 are as false and true",
        "0 to -1 in at, changed = ((0, *position), np.zeros(x.shape, bool))": ONE_IMAGE,
        "0 to -1 in before = f(x)[0]": ONE_IMAGE,
        "0 to -1 in nudged[0, c, i, j] += delta": ONE_IMAGE,
        "0 to -1 in if f(nudged)[0, channel, row, column] != before[0, channel, row, column]:": ONE_IMAGE,
        "0 to -1 in if f(nudged)[0, channel, row, column] != before[0, channel, row, column]: #2": ONE_IMAGE,
        "Gt to Lt in if x.shape[0] > 1 or delta == 0:": "the answers for two images do not fit into one row of seen",
        "1 to 2 in if x.shape[0] > 1 or delta == 0:": "the answers for two images do not fit into one row of seen",
        "pair exchanged in rows, columns = (np.flatnonzero(seen.any(axis=(0, 2))), np.flatnonzero(seen.any(axis=(0, 1)))) #2": ORDER,
        "pair exchanged in rows, columns = (np.flatnonzero(seen.any(axis=(0, 2))), np.flatnonzero(seen.any(axis=(0, 1)))) #3": ORDER,
    },
}
