"""Mutants of right answers that are right as well, each with its reason; the mutation tests look here."""

CHECKS_ONLY = "the order of two values that are only compared, multiplied or added does not matter"
NUMPY_REFUSES = "NumPy raises the ValueError itself"
CROPPED = "the slice after it cuts off what the mutant adds"

EQUIVALENT = {
    "fc_params": {
        "pair exchanged in for size in (in_features, out_features):": CHECKS_ONLY,
        "pair exchanged in shapes = [(out_features, in_features)] + [(out_features,)] * int(bias)": CHECKS_ONLY,
    },
    "conv_output_size": {
        "1 to 0 in for value, least in ((n, 1), (kernel_size, 1), (stride, 1), (padding, 0), (dilation, 1)): #3": (
            "with a stride of 0, range raises the ValueError itself"
        ),
    },
    "conv_macs": {
        "pair exchanged in (out_height, out_width), (height, width) = (pair(output_size), pair(kernel_size))": CHECKS_ONLY,
        "pair exchanged in (oh, ow), (kh, kw) = (pair(output_size), pair(kernel_size))": CHECKS_ONLY,
        "pair exchanged in if (in_channels % groups, out_channels % groups) != (0, 0):": CHECKS_ONLY,
    },
    "receptive_field": {
        "Sub to Add in rows.append((last - first + 1, inputs_behind(1, 1, depth)[0]))": "first is always 0 there",
        "1 to 2 in rows.append((last - first + 1, inputs_behind(1, 1, depth)[0])) #3": "only the first input is taken",
        "1 to 0 in rows.append((last - first + 1, inputs_behind(1, 1, depth)[0])) #3": "only the first input is taken",
    },
    "cross_correlate1d": {
        "branch never taken in if span > len(padded):": NUMPY_REFUSES,
        "1 to 0 in if min(stride, dilation) < 1 or padding < 0:": "a slice with step 0 raises the ValueError itself",
        "0 to -1 in if min(stride, dilation) < 1 or padding < 0:": NUMPY_REFUSES,
        "argument 2 left out in return np.correlate(padded, spread, 'valid')[::stride]": "'valid' is the default",
    },
    "convolve1d": {
        "Sub to Add in parts = {'full': (0, n + k - 1), 'same': ((k - 1) // 2, n), 'valid': (k - 1, n - k + 1)}": (
            "a slice ends where the array does"
        ),
        "1 to 0 in parts = {'full': (0, n + k - 1), 'same': ((k - 1) // 2, n), 'valid': (k - 1, n - k + 1)}": (
            "a slice ends where the array does"
        ),
        "branch never taken in if mode not in ('full', 'same', 'valid'):": NUMPY_REFUSES,
    },
    "toeplitz1d": {
        "2 to 3 in wide = np.zeros((size, n + 2 * padding))": CROPPED,
        "2 to 3 in wide = np.zeros((rows, n + 2 * padding))": CROPPED,
        "1 to 0 in if n < 1 or stride < 1 or padding < 0:": NUMPY_REFUSES,
        "1 to 0 in if n < 1 or stride < 1 or padding < 0: #2": "a slice with step 0 raises the ValueError itself",
        "0 to -1 in if n < 1 or stride < 1 or padding < 0:": NUMPY_REFUSES,
        "argument 2 left out in columns.append(np.correlate(np.pad(unit, padding), w, 'valid')[::stride])": (
            "'valid' is the default"
        ),
    },
}
