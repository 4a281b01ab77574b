"""The fast reference: a convolutional layer forwards and backwards, with NumPy alone.

Three ideas, which lecture 05 shows on small cases:

- windows are copied along the rows of the picture only (Cho and Brand, "MEC", 2017): kernel_width times the input
  instead of kernel_height times kernel_width times. Each row of the kernel then multiplies one block of the copy,
  and all these blocks are views of it;
- the copy stands on its side, one matrix row for each channel and tap, so that it is made in long runs of memory and
  the product lands in the order N C H W;
- the copy is made for one image at a time, in a workspace that is used again, by the next image and the next call.

Backwards with stride 1, one copy of the upstream gradient's windows serves both the gradient of the input and that of
the weights. With larger strides the windows of the input give the gradient of the weights, and the transpose of copying
them adds every number back to its place.

The workspaces make these functions unfit for several threads at a time.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Pair = int | tuple[int, int]


def _pair(name: str, value: Pair, least: int) -> tuple[int, int]:
    down, across = (value, value) if isinstance(value, (int, np.integer)) else value
    if down < least or across < least:
        raise ValueError(f"{name} is {value}; it must be {least} or more along both axes")
    return int(down), int(across)


@lru_cache(maxsize=8)
def _rows(*geometry):
    """Return the workspace for layers of this geometry, the arguments of `_Rows`; the last eight are kept."""
    return _Rows(*geometry)


class _Rows:
    """The windows along the rows of one image, in a workspace: a matrix (channels · kernel_width, rows · places).

    `padding` may be negative: then the image is cropped. With a vertical stride s the rows are kept in s phases, all
    rows 0, s, 2s, … first, so that what one kernel row reads is always one block of neighbouring columns.
    """

    def __init__(self, channels, size, kernel_size, stride, padding, dilation, dtype):
        (height, width), (kh, kw), (sh, sw), (ph, pw), (dh, dw) = size, kernel_size, stride, padding, dilation
        tall, wide = height + 2 * ph, width + 2 * pw
        self.out = (tall - dh * (kh - 1) - 1) // sh + 1, (wide - dw * (kw - 1) - 1) // sw + 1
        if min(self.out) < 1:
            raise ValueError(f"a kernel of {kh}×{kw} with dilation {dh}, {dw} does not fit into {tall}×{wide}")
        phase = -(-tall // sh)
        self._stride, self._dilation, self._kernel_width = sw, dw, kw
        self._row = phase, self.out[1], sh, dh
        self._padded = np.zeros((channels, sh * phase, wide), dtype)
        self._crop = tuple(slice(max(-p, 0), n - max(-p, 0)) for p, n in ((ph, height), (pw, width)))
        self._corner = down, right = max(ph, 0), max(pw, 0)
        self._inside = self._padded[:, down : tall - down, right : wide - right]
        windows = sliding_window_view(self._padded, dw * (kw - 1) + 1, axis=2)[:, :, ::sw, ::dw]
        self._windows = windows.reshape(channels, phase, sh, self.out[1], kw).transpose(0, 4, 2, 1, 3)
        self._copy = np.empty(self._windows.shape, dtype)
        self.matrix = self._copy.reshape(channels * kw, -1)

    def load(self, image):
        """Copy the windows of an image (channels, height, width)."""
        self._inside[...] = image[:, *self._crop]
        self._copy[...] = self._windows

    def block(self, kernel_row):
        """Return what one row of the kernel multiplies: a view (channels · kernel_width, out_height · out_width)."""
        phase, across, stride, dilation = self._row
        down, which = divmod(dilation * kernel_row, stride)
        start = (which * phase + down) * across
        return self.matrix[:, start : start + self.out[0] * across]

    def fold(self):
        """Return the transpose of `load` on the matrix: each number added back to the pixel it was copied from."""
        total = np.zeros_like(self._padded)  # not in _padded itself, whose border must stay zero
        phase, across, stride, _ = self._row
        phases = total.reshape(len(total), phase, stride, -1).transpose(0, 2, 1, 3)
        for tap in range(self._kernel_width):
            left = tap * self._dilation
            phases[..., left : left + self._stride * (across - 1) + 1 : self._stride] += self._copy[:, tap]
        (down, right), (height, width) = self._corner, self._inside.shape[1:]
        return total[:, down : down + height, right : right + width]


def _checked(x, w, stride, padding, dilation, groups):
    """Return stride, padding and dilation as pairs; raise TypeError or ValueError where a layer cannot be meant."""
    if x.dtype != w.dtype or x.dtype not in (np.float32, np.float64):
        raise TypeError(f"x is {x.dtype} and w is {w.dtype}; both must be float32, or both float64")
    if x.ndim != 4 or w.ndim != 4:
        raise ValueError(f"x has shape {x.shape} and w {w.shape}; both need four axes, (N, C, H, W) and (O, C, kh, kw)")
    if groups < 1 or len(w) % groups or x.shape[1] != groups * w.shape[1]:
        raise ValueError(f"{x.shape[1]} channels and filters {w.shape} do not fit {groups} groups")
    return _pair("stride", stride, 1), _pair("padding", padding, 0), _pair("dilation", dilation, 1)


def conv2d(x, w, b=None, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1, groups: int = 1):
    """Return the cross-correlation of a batch with a bank of filters, as torch.nn.functional.conv2d does.

    x is (N, C, H, W), w is (O, C / groups, kh, kw), b is (O,) or None; the result is (N, O, H', W').
    float32 and float64; x and w must agree. Arguments may be ints or pairs (down, across).
    Raises TypeError for other dtypes, ValueError for shapes that do not fit.
    """
    stride, padding, dilation = _checked(x, w, stride, padding, dilation, groups)
    filters, channels, kh, kw = w.shape
    each = filters // groups
    rows = _rows(channels, x.shape[2:], (kh, kw), stride, padding, dilation, x.dtype)
    kernel = np.ascontiguousarray(w.transpose(2, 0, 1, 3)).reshape(kh, groups, each, channels * kw)
    y = np.empty((len(x), groups, each, rows.out[0] * rows.out[1]), x.dtype)
    one = np.empty_like(y[0, 0])
    bias = None if b is None else np.asarray(b, x.dtype).reshape(groups, each, 1)
    for image, out in zip(x.reshape(len(x), groups, channels, *x.shape[2:]), y, strict=True):
        for group in range(groups):
            rows.load(image[group])
            np.matmul(kernel[0, group], rows.block(0), out=out[group])
            for p in range(1, kh):
                np.matmul(kernel[p, group], rows.block(p), out=one)
                out[group] += one
        if bias is not None:
            out += bias
    return y.reshape(len(x), filters, *rows.out)


def conv2d_backward(dout, x, w, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1, groups: int = 1):
    """Return the gradients (dx, dw, db) of a loss whose gradient by the output of `conv2d` is `dout`.

    dout is (N, O, H', W'), x is (N, C, H, W), w is (O, C / groups, kh, kw); dx and dw have the shapes and the dtype of x
    and w, db is (O,). Raises TypeError for dtypes other than float32 and float64, ValueError for shapes that do not fit.
    """
    stride, padding, dilation = _checked(x, w, stride, padding, dilation, groups)
    filters, channels, kh, kw = w.shape
    sizes = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(x.shape[2:], padding, dilation, (kh, kw), stride, strict=True)
    ]
    if dout.shape != (len(x), filters, *sizes):
        raise ValueError(f"dout has shape {dout.shape}; the output has {(len(x), filters, *sizes)}")
    way = _backward_dense if stride == (1, 1) else _backward_strided
    dout = np.ascontiguousarray(dout, x.dtype)
    parts = (
        dout.reshape(len(x), groups, filters // groups, *dout.shape[2:]),
        np.ascontiguousarray(x).reshape(len(x), groups, channels, *x.shape[2:]),
        w.reshape(groups, filters // groups, channels, kh, kw),
    )
    dx, dw = way(*parts, stride, padding, dilation)
    return dx.reshape(x.shape), np.ascontiguousarray(dw).reshape(w.shape), dout.sum(axis=(0, 2, 3))


def _backward_dense(dout, x, w, stride, padding, dilation):
    """Stride 1: both gradients from the windows of dout, padded so that they are as many as the pixels of x."""
    images, groups, channels, height, width = x.shape
    each, kh, kw = w.shape[1], *w.shape[3:]
    around = tuple(d * (k - 1) - p for d, k, p in zip(dilation, (kh, kw), padding, strict=True))
    rows = _rows(each, dout.shape[3:], (kh, kw), stride, around, dilation, x.dtype)
    kernel = np.ascontiguousarray(w[..., ::-1, ::-1].transpose(3, 0, 2, 1, 4)).reshape(kh, groups, channels, each * kw)
    dx, dw = (
        np.empty((images, groups, channels, height * width), x.dtype),
        np.zeros((groups, kh, each * kw, channels), x.dtype),
    )
    one, part = np.empty_like(dx[0, 0]), np.empty_like(dw[0, 0])
    for n in range(images):
        for g in range(groups):
            rows.load(dout[n, g])
            out, flat = dx[n, g], x[n, g].reshape(channels, -1).T
            for p in range(kh):
                block = rows.block(p)
                np.matmul(kernel[p, g], block, out=one if p else out)
                if p:
                    out += one
                np.matmul(block, flat, out=part)
                dw[g, p] += part
    dw = dw.reshape(groups, kh, each, kw, channels)[:, ::-1, :, ::-1]
    return dx, dw.transpose(0, 2, 4, 1, 3)


def _backward_strided(dout, x, w, stride, padding, dilation):
    """Larger strides: the windows of x give dw, and their transpose, `fold`, gives dx."""
    images, groups, channels = x.shape[:3]
    each, kh, kw = w.shape[1], *w.shape[3:]
    rows = _rows(channels, x.shape[3:], (kh, kw), stride, padding, dilation, x.dtype)
    kernel = np.ascontiguousarray(w.transpose(3, 0, 2, 4, 1)).reshape(kh, groups, channels * kw, each)
    dx, dw = np.empty_like(x), np.zeros((groups, kh, channels * kw, each), x.dtype)
    part, one = np.empty_like(dw[0, 0]), np.empty((channels * kw, rows.out[0] * rows.out[1]), x.dtype)
    for n in range(images):
        for g in range(groups):
            flat = dout[n, g].reshape(each, -1)
            rows.load(x[n, g])
            for p in range(kh):
                np.matmul(rows.block(p), flat.T, out=part)
                dw[g, p] += part
            rows.matrix[...] = 0
            for p in range(kh):
                np.matmul(kernel[p, g], flat, out=one)
                block = rows.block(p)
                block += one
            dx[n, g] = rows.fold()
    return dx, dw.reshape(groups, kh, channels, kw, each).transpose(0, 4, 2, 1, 3)
