"""Mutants of right answers that are right as well, each with its reason; the mutation tests look here."""

NUMPY_REFUSES = "NumPy raises the ValueError itself, a line or two later"
STEP = "a slice or a range with step 0 raises the ValueError itself"
WHATEVER_IS_LEFT = "reshape takes any negative size for whatever is left"
CROPPED = "the slice after it cuts off what the mutant adds"
NO_WINDOW = "with a step below 1 no window is found, and np.stack refuses an empty list"
NEVER_NEGATIVE = "the number of channels, at least 1, is never 0 or fewer times the depth"
LAYER = (
    "if min(sh, sw, dh, dw, groups) < 1 or x.shape[1] != groups * depth or (b is not None and b.shape != (filters,)):"
)
TAPS = LAYER.replace("x.shape[1]", "c")
COLUMNS = "if min(kh, kw, sh, sw, dh, dw) < 1:"
DEPTHWISE = "if min(sh, sw) < 1 or depth != 1 or filters % {}:"
SIZES = "if min(height, width, rows, columns) < 1 or min(ph, pw) < 0:"
WIDE = "wide = np.zeros((filters, rows, columns, channels, height + 2 * ph, width + 2 * pw))"
PRODUCT = "y = w.reshape(channels, -1, kh * kw) @ windows.reshape(len(x), channels, rows * columns, -1).swapaxes(2, 3)"

EQUIVALENT = {
    "zero_pad2d": dict.fromkeys(
        (
            "branch never taken in if above < 0 or left < 0:",
            "Or to And in if above < 0 or left < 0:",
            "0 to -1 in if above < 0 or left < 0:",
            "0 to -1 in if above < 0 or left < 0: #2",
        ),
        "x does not fit into an array that is smaller than x: NumPy raises the ValueError itself",
    ),
    "conv2d_naive": {
        "1 to 0 in if stride < 1 or x.shape[1] != depth or (b is not None and b.shape != (filters,)):": STEP,
        "1 to 0 in if stride < 1 or x.shape[1] != w.shape[1] or bias.shape != w.shape[:1]:": STEP,
    },
    "im2col": {
        f"argument 0 left out in {COLUMNS}": "a kernel without rows gives rows without columns, and reshape refuses them",
        f"argument 1 left out in {COLUMNS}": "a kernel without columns gives rows without columns, and reshape refuses them",
        f"argument 2 left out in {COLUMNS}": NO_WINDOW,
        f"argument 3 left out in {COLUMNS}": NO_WINDOW,
        f"1 to 0 in {COLUMNS}": NUMPY_REFUSES,
        "branch never taken in if min(rows, columns) < 1:": NUMPY_REFUSES,
        "1 to 0 in if min(rows, columns) < 1:": NUMPY_REFUSES,
        "1 to 2 in return windows.reshape(-1, x.shape[1] * kh * kw)": WHATEVER_IS_LEFT,
        "1 to 2 in return y.reshape(n * rows * columns, -1)": WHATEVER_IS_LEFT,
        "1 to 2 in return padded[:, :, i, j].transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * kh * kw)": WHATEVER_IS_LEFT,
    },
    "conv2d": {
        f"argument 4 left out in {LAYER}": NEVER_NEGATIVE,
        f"argument 4 left out in {TAPS}": NEVER_NEGATIVE,
        f"1 to 0 in {LAYER}": STEP,
        "argument 1 left out in spread = np.zeros((filters, depth, dh * (kh - 1) + 1, dw * (kw - 1) + 1), w.dtype)": (
            "the result is given the dtype of x at the end"
        ),
        "1 to 2 in return y.reshape(count, rows, -1, filters).transpose(0, 3, 1, 2) #2": WHATEVER_IS_LEFT,
        "1 to 2 in maps.append(windows @ kernels.reshape(len(kernels), -1).T)": WHATEVER_IS_LEFT,
        "1 to 2 in kernel = w.reshape(groups, -1, depth, kh, kw)": WHATEVER_IS_LEFT,
        "1 to 2 in y += kernel[..., p, q] @ seen.reshape(n, groups, depth, -1)": WHATEVER_IS_LEFT,
        "1 to 2 in waves = np.fft.rfft2(padded).reshape(len(x), groups, depth, tall, -1)": WHATEVER_IS_LEFT,
        "1 to 2 in kernel = np.fft.rfft2(spread, ring).conj().reshape(groups, -1, depth, tall, waves.shape[-1])": WHATEVER_IS_LEFT,
    },
    "depthwise_conv2d": {
        f"1 to 0 in {DEPTHWISE.format('channels')}": STEP,
        f"1 to 0 in {DEPTHWISE.format('channels')[:-1]} or (bias.shape != (filters,)):": STEP,
        f"1 to 0 in {DEPTHWISE.format('x.shape[1]')[:-1]} or (b is not None and b.shape != (filters,)):": STEP,
        "1 to 2 in y = np.einsum('ncijpq,cmpq->ncmij', windows, w.reshape(channels, -1, kh, kw))": WHATEVER_IS_LEFT,
        f"1 to 2 in {PRODUCT}": WHATEVER_IS_LEFT,
        f"1 to 2 in {PRODUCT} #2": WHATEVER_IS_LEFT,
        "FloorDiv to Div in padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw))).repeat(filters // c, axis=1)": (
            "repeat takes 2.0 for 2"
        ),
        "FloorDiv to Div in waves = np.fft.rfft2(padded).repeat(filters // x.shape[1], axis=1)": "repeat takes 2.0 for 2",
        "0 to -1 in y = np.fft.irfft2(waves * np.fft.rfft2(w[:, 0], ring).conj(), ring)": "the axis has length 1",
    },
    "conv_as_matrix": {
        "branch never taken in if height < 1 or width < 1:": NUMPY_REFUSES,
        "Or to And in if height < 1 or width < 1:": NUMPY_REFUSES,
        "1 to 0 in if height < 1 or width < 1:": NUMPY_REFUSES,
        "1 to 0 in if height < 1 or width < 1: #2": NUMPY_REFUSES,
        f"argument 2 left out in {SIZES}": NUMPY_REFUSES,
        f"argument 3 left out in {SIZES}": NUMPY_REFUSES,
        f"2 to 3 in {WIDE}": CROPPED,
        f"2 to 3 in {WIDE} #2": CROPPED,
        "1 to 2 in return conv2d(units, w, padding=padding).reshape(inputs, -1).T": WHATEVER_IS_LEFT,
        "1 to 2 in return inside.reshape(filters * rows * columns, -1)": WHATEVER_IS_LEFT,
        "1 to 2 in return np.einsum('fcpq,pih,qjw->fijchw', w, down, across).reshape(filters * rows * columns, -1)": WHATEVER_IS_LEFT,
        "1 to 2 in units = np.eye(height * width).reshape(-1, height, width)": WHATEVER_IS_LEFT,
        "1 to 2 in return np.einsum('uijpq,fcpq->fijcu', windows, w).reshape(-1, channels * height * width)": WHATEVER_IS_LEFT,
    },
    "edge_detector": {
        "branch never taken in if x.ndim != 2:": "conv2d refuses what has not four axes",
        "0 to -1 in right, down = conv2d(padded[None, None], np.stack([sobel, sobel.T])[:, None])[0]": (
            "the batch holds one image, the first and the last"
        ),
        "pair exchanged in edge = (windows * (sobel + 1j * sobel.T)).sum(axis=(2, 3))": "both axes are summed",
    },
}
