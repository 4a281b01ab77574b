"""Other ways to compute a layer in NumPy, to measure the fast reference against; stride 1, one padding for both axes.

Each way is a pair of functions: forward(x, w, b, padding) -> y and backward(dout, x, w, padding) -> (dx, dw, db), with
x (N, C, H, W), w (O, C, kh, kw), b (O,), all of one dtype. Max pooling by slices is at the end.
"""

from itertools import islice

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from scipy.fft import irfft2, next_fast_len, rfft2


def _padded(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def _inside(padded, padding):
    return padded[:, :, padding : padded.shape[2] - padding, padding : padded.shape[3] - padding]


def _turned(w):
    """Return the filters that carry a gradient back: turned by 180 degrees, input and output channels exchanged."""
    return w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)


def _out(x, w, padding):
    return x.shape[2] + 2 * padding - w.shape[2] + 1, x.shape[3] + 2 * padding - w.shape[3] + 1


def seven_loops(x, w, b, padding, outputs):
    """Compute the first `outputs` numbers of the output, in order, with one Python turn for each MAC."""
    padded, y = _padded(x, padding), []
    for n, o, i, j in islice(np.ndindex(len(x), len(w), *_out(x, w, padding)), outputs):
        total = b[o]
        for c in range(w.shape[1]):
            for p in range(w.shape[2]):
                for q in range(w.shape[3]):
                    total = total + padded[n, c, i + p, j + q] * w[o, c, p, q]
        y.append(total)
    return np.array(y)


def seven_loops_backward(dout, x, w, padding, outputs):
    """Send the first `outputs` numbers of dout back, with one Python turn for each MAC of the forward pass."""
    padded, dw, db = _padded(x, padding), np.zeros_like(w), np.zeros(len(w), w.dtype)
    dx = np.zeros_like(padded)
    for n, o, i, j in islice(np.ndindex(*dout.shape), outputs):
        db[o] += dout[n, o, i, j]
        for c in range(w.shape[1]):
            for p in range(w.shape[2]):
                for q in range(w.shape[3]):
                    dx[n, c, i + p, j + q] += dout[n, o, i, j] * w[o, c, p, q]
                    dw[o, c, p, q] += dout[n, o, i, j] * padded[n, c, i + p, j + q]
    return _inside(dx, padding), dw, db


def four_loops(x, w, b, padding, outputs):
    """Compute the first `outputs` numbers of the output with one NumPy sum each."""
    padded, (kh, kw) = _padded(x, padding), w.shape[2:]
    places = islice(np.ndindex(len(x), len(w), *_out(x, w, padding)), outputs)
    return np.array([(padded[n, :, i : i + kh, j : j + kw] * w[o]).sum() + b[o] for n, o, i, j in places])


def four_loops_backward(dout, x, w, padding, outputs):
    """Send the first `outputs` numbers of dout back, a window at a time."""
    padded, dw, db = _padded(x, padding), np.zeros_like(w), np.zeros(len(w), w.dtype)
    dx, (kh, kw) = np.zeros_like(padded), w.shape[2:]
    for n, o, i, j in islice(np.ndindex(*dout.shape), outputs):
        window = (n, slice(None), slice(i, i + kh), slice(j, j + kw))
        dx[window] += dout[n, o, i, j] * w[o]
        dw[o] += dout[n, o, i, j] * padded[window]
        db[o] += dout[n, o, i, j]
    return _inside(dx, padding), dw, db


def taps(x, w, b, padding):
    """Shift and add: a matrix product over the channels for each tap of the kernel."""
    padded, (height, width) = _padded(x, padding), _out(x, w, padding)
    y = np.zeros((len(x), len(w), height * width), x.dtype)
    for p, q in np.ndindex(*w.shape[2:]):
        shifted = padded[:, :, p : p + height, q : q + width].reshape(len(x), x.shape[1], -1)
        y += w[:, :, p, q] @ shifted
    return (y + b[:, None]).reshape(len(x), len(w), height, width)


def taps_backward(dout, x, w, padding):
    """Shift and add, backwards."""
    padded, (height, width) = _padded(x, padding), dout.shape[2:]
    flat, dx, dw = dout.reshape(*dout.shape[:2], -1), np.zeros_like(padded), np.empty_like(w)
    for p, q in np.ndindex(*w.shape[2:]):
        shifted = padded[:, :, p : p + height, q : q + width].reshape(len(x), x.shape[1], -1)
        dw[:, :, p, q] = (flat @ shifted.transpose(0, 2, 1)).sum(axis=0)
        back = (w[:, :, p, q].T @ flat).reshape(*padded.shape[:2], height, width)
        dx[:, :, p : p + height, q : q + width] += back
    return _inside(dx, padding), dw, dout.sum(axis=(0, 2, 3))


def windows(x, w, b, padding):
    """All windows as a view, and `tensordot`, which copies them for its product."""
    view = sliding_window_view(_padded(x, padding), w.shape[2:], axis=(2, 3))
    y = np.tensordot(view, w, axes=((1, 4, 5), (1, 2, 3))) + b
    return np.ascontiguousarray(y.transpose(0, 3, 1, 2))


def windows_backward(dout, x, w, padding):
    """Two forward passes: windows of x against dout, windows of dout against the turned kernel."""
    view = sliding_window_view(_padded(x, padding), w.shape[2:], axis=(2, 3))
    dw = np.tensordot(dout, view, axes=((0, 2, 3), (0, 2, 3)))
    around = ((0, 0), (0, 0), *((k - 1, k - 1) for k in w.shape[2:]))
    dx = windows(np.pad(dout, around), _turned(w), np.zeros(w.shape[1], w.dtype), 0)
    return _inside(dx, padding), dw, dout.sum(axis=(0, 2, 3))


def im2col(x, w, b, padding):
    """One copy of all windows of the batch, and one product for each image."""
    matrix, out = _matrix(x, w, padding), _out(x, w, padding)
    return (w.reshape(len(w), -1) @ matrix + b[:, None]).reshape(len(x), len(w), *out)


def _matrix(x, w, padding):
    view = sliding_window_view(_padded(x, padding), w.shape[2:], axis=(2, 3))
    return view.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), w[0].size, -1)


def im2col_backward(dout, x, w, padding):
    """Two products, and the columns added back slice by slice."""
    matrix, flat = _matrix(x, w, padding), dout.reshape(*dout.shape[:2], -1)
    dw = (flat @ matrix.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
    columns = (w.reshape(len(w), -1).T @ flat).reshape(len(x), *w.shape[1:], *dout.shape[2:])
    dx, (height, width) = np.zeros_like(_padded(x, padding)), dout.shape[2:]
    for p, q in np.ndindex(*w.shape[2:]):
        dx[:, :, p : p + height, q : q + width] += columns[:, :, p, q]
    return _inside(dx, padding), dw, dout.sum(axis=(0, 2, 3))


def rows_channels_last(x, w, b, padding):
    """Rows of im2col with the channels last, one image at a time: kernel_height products of (places, kw · C)."""
    (count, channels, height, width), (kh, kw), (down, across) = x.shape, w.shape[2:], _out(x, w, padding)
    padded = np.zeros((height + 2 * padding, width + 2 * padding, channels), x.dtype)
    copy = np.empty((len(padded), across, kw * channels), x.dtype)
    view, flat = as_strided(padded, copy.shape, padded.strides), copy.reshape(-1, kw * channels)
    kernel = np.ascontiguousarray(w.transpose(2, 3, 1, 0)).reshape(kh, kw * channels, -1)
    y, one = np.empty((count, down * across, len(w)), x.dtype), np.empty((down * across, len(w)), x.dtype)
    for image, out in zip(x, y, strict=True):
        padded[padding : padding + height, padding : padding + width] = image.transpose(1, 2, 0)
        copy[...] = view
        for p in range(kh):
            np.matmul(flat[p * across : (p + down) * across], kernel[p], out=one if p else out)
            if p:
                out += one
        out += b
    return np.ascontiguousarray(y.reshape(count, down, across, -1).transpose(0, 3, 1, 2))


def rows_channels_last_backward(dout, x, w, padding):
    """Rows of im2col of x for dw; their transpose, added back tap by tap, for dx."""
    (count, channels, height, width), (kh, kw), (down, across) = x.shape, w.shape[2:], dout.shape[2:]
    padded = np.zeros((height + 2 * padding, width + 2 * padding, channels), x.dtype)
    copy = np.empty((len(padded), across, kw * channels), x.dtype)
    view, flat = as_strided(padded, copy.shape, padded.strides), copy.reshape(-1, kw * channels)
    kernel = np.ascontiguousarray(w.transpose(2, 0, 3, 1)).reshape(kh, -1, kw * channels)
    dx, dw = np.empty_like(x), np.zeros((kh, kw * channels, len(w)), x.dtype)
    one, total = np.empty((down * across, kw * channels), x.dtype), np.empty_like(padded)
    for n in range(count):
        padded[padding : padding + height, padding : padding + width] = x[n].transpose(1, 2, 0)
        copy[...] = view
        up = np.ascontiguousarray(dout[n].reshape(len(w), -1).T)
        for p in range(kh):
            dw[p] += flat[p * across : (p + down) * across].T @ up
        flat[...] = 0
        for p in range(kh):
            flat[p * across : (p + down) * across] += np.matmul(up, kernel[p], out=one)
        total[...] = 0
        for q in range(kw):
            total[:, q : q + across] += copy[:, :, q * channels : (q + 1) * channels]
        dx[n] = total[padding : padding + height, padding : padding + width].transpose(2, 0, 1)
    return dx, dw.reshape(kh, kw, channels, -1).transpose(3, 2, 0, 1), dout.sum(axis=(0, 2, 3))


def fourier(x, w, b, padding):
    """Multiply the transforms, frequency by frequency, with a matrix product over the channels."""
    padded, out = _padded(x, padding), _out(x, w, padding)
    ring = [next_fast_len(size, real=True) for size in padded.shape[2:]]
    spectra, kernel = rfft2(padded, ring), rfft2(w, ring).conj()
    y = irfft2(_meet(spectra, kernel.transpose(2, 3, 1, 0)), ring)
    return y[:, :, : out[0], : out[1]] + b[:, None, None]


def _meet(spectra, kernel):
    """Return the sum over c of spectra (N, c, F, G) times kernel (F, G, c, O), as (N, O, F, G)."""
    return np.matmul(spectra.transpose(2, 3, 0, 1), kernel).transpose(2, 3, 0, 1)


def fourier_backward(dout, x, w, padding):
    """Multiply the same three transforms in two other pairs."""
    padded = _padded(x, padding)
    ring = [next_fast_len(size, real=True) for size in padded.shape[2:]]
    spectra, kernel, up = rfft2(padded, ring), rfft2(w, ring), rfft2(dout, ring)
    dx = irfft2(_meet(up, kernel.transpose(2, 3, 0, 1)), ring)[:, :, : padded.shape[2], : padded.shape[3]]
    dw = irfft2(_meet(up.conj().transpose(1, 0, 2, 3), spectra.transpose(2, 3, 0, 1)), ring)
    return _inside(dx, padding), dw[:, :, : w.shape[2], : w.shape[3]], dout.sum(axis=(0, 2, 3))


def max_pool(x, kernel_size, stride):
    """Return the maxima of a batch (N, H, W, C), channels last, and the masks of the first maximum of each window.

    One slice of the batch for each place in the window; the masks are bool, (kernel_size², N, H', W', C).
    """
    slices = _slices(x, kernel_size, stride)
    y = slices[0].copy()
    for one in slices[1:]:
        np.maximum(y, one, out=y)
    masks = np.empty((len(slices), *y.shape), bool)
    free = np.equal(slices[0], y, out=masks[0]) ^ True
    for one, mask in zip(slices[1:], masks[1:], strict=True):
        np.equal(one, y, out=mask)
        mask &= free
        free ^= mask
    return y, masks


def _slices(x, kernel_size, stride):
    down, across = ((size - kernel_size) // stride + 1 for size in x.shape[1:3])
    return [
        x[:, p : p + stride * (down - 1) + 1 : stride, q : q + stride * (across - 1) + 1 : stride]
        for p, q in np.ndindex(kernel_size, kernel_size)
    ]


def max_pool_backward(dout, masks, shape, kernel_size, stride):
    """Return the gradient by the input, of `shape`: each number of dout goes to the first maximum of its window."""
    dx = np.zeros(shape, dout.dtype)
    one = np.empty_like(dout)
    for part, mask in zip(_slices(dx, kernel_size, stride), masks, strict=True):
        if stride >= kernel_size:  # windows do not overlap: no other number arrives here
            np.multiply(dout, mask, out=part)
        else:
            one[...] = mask
            one *= dout
            part += one
    return dx
