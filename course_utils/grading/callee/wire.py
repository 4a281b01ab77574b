"""Typed plain data over a socket: JSON for the shape of a value, raw bytes for its arrays; never pickle.

A frame is eight bytes of JSON length, eight of buffer length, the JSON, the buffers. What is no plain data stays
where it is and crosses as a handle: the caller of `Encoder` says which number stands for it.
Whoever reads trusts nothing: sizes, depth and counts are capped, dtypes are from a short list, and a fault of any
kind is a WireError.
"""

import json
import math
import re
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

FRAME_BYTES = 256 * 1024 * 1024
TEXT_BYTES = 8 * 1024 * 1024
DEPTH = 40
NODES = 200_000
# Members of sets and keys of dicts in one frame: ints can be chosen so that all collide, which takes quadratic time.
HASHED = 10_000
_HEAD = struct.Struct(">QQ")
_KINDS = "biufc"
_SEQUENCES: tuple[tuple[str, Any], ...] = (("l", list), ("t", tuple), ("s", set), ("z", frozenset))
_DTYPE = re.compile(r"[<>|=]?[biufc][0-9]{1,2}")
# What NumPy knows of torch's types; bfloat16 crosses as int16.
_TENSORS = {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"}
_TENSORS |= {"complex64", "complex128"}


class WireError(Exception):
    """A value that cannot cross, or a frame that is not what it should be."""


class Encoder:
    """Turn values into JSON and buffers; `keep(value)` gives the handle of what is no plain data."""

    def __init__(self, keep: Callable[[Any], list]) -> None:
        self._keep = keep
        self.buffers: list[bytes] = []
        self._nodes = 0
        self._size = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Return the JSON form of a value; raise WireError where it is too deep, too long or too large."""
        self._nodes += 1
        if depth > DEPTH or self._nodes > NODES:
            raise WireError(f"a value nested more than {DEPTH} deep, or of more than {NODES:,} parts, cannot cross")
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            if value.bit_length() > 12_000:
                raise WireError("an int of more than 12,000 bits cannot cross")
            return value
        if kind is float:
            return value if math.isfinite(value) else ["f", repr(value)]
        if kind is complex:
            return ["c", repr(value.real), repr(value.imag)]
        if kind is bytes:
            return ["b", self._put(value)]
        for tag, plain in _SEQUENCES:
            if isinstance(value, plain):  # torch.Size and named tuples cross as the tuples that they are
                return [tag, *(self.encode(each, depth + 1) for each in plain.__iter__(value))]
        if isinstance(value, dict):
            return ["d", *([self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in dict.items(value))]
        if isinstance(value, np.generic) and value.dtype.kind in _KINDS:
            return ["n", value.dtype.str, self._put(value.tobytes())]
        if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
            return self._array(np.asarray(value))
        tensor = _as_tensor(value)
        if tensor is not None:
            grad = tensor.grad if tensor.is_leaf else None
            return [*self._tensor(tensor), None if grad is None else self.encode(grad, depth + 1)]
        return self._keep(value)

    def _array(self, array: np.ndarray) -> list:
        """Return the form of an array that arrives as the view it is; what lies between its elements stays here."""
        if not array.flags.c_contiguous:
            low, high = _bounds(array)
            if array.nbytes <= high - low <= 4 * array.nbytes:
                offset = array.__array_interface__["data"][0] - low
                memory = bytearray(high - low)
                np.ndarray(array.shape, array.dtype, memory, offset, array.strides)[...] = array
                return ["a", array.dtype.str, list(array.shape), list(array.strides), offset, self._put(bytes(memory))]
        packed = np.ascontiguousarray(array).reshape(array.shape)
        return ["a", array.dtype.str, list(array.shape), list(packed.strides), 0, self._put(packed.tobytes())]

    def _tensor(self, tensor: Any) -> list:
        import torch

        flat = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
        if flat.dtype == torch.bfloat16:
            flat = flat.view(torch.int16)
        array = flat.numpy()
        name = str(tensor.dtype).removeprefix("torch.")
        return ["x", name, array.dtype.str, list(array.shape), bool(tensor.requires_grad), self._put(array.tobytes())]

    def _put(self, data: bytes) -> int:
        self._size += len(data)
        if self._size > FRAME_BYTES:
            raise WireError(f"more than {FRAME_BYTES // 2**20} MB cannot cross at once")
        self.buffers.append(data)
        return len(self.buffers) - 1


def _bounds(array: np.ndarray) -> tuple[int, int]:
    """Return the addresses of an array's first byte and of the one behind its last."""
    first = array.__array_interface__["data"][0]
    reach = [step * (length - 1) for step, length in zip(array.strides, array.shape, strict=True)]
    return first + sum(min(each, 0) for each in reach), first + sum(max(each, 0) for each in reach) + array.itemsize


def _as_tensor(value: Any) -> Any:
    """Return the value where it is a torch tensor that NumPy could hold, without importing torch for it."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor):
        return None
    plain = value.layout == torch.strided and value.device.type != "meta"
    return value if plain and str(value.dtype).removeprefix("torch.") in _TENSORS else None


class Decoder:
    """Turn JSON and buffers back into values; `meet(form)` gives what stands for a handle."""

    def __init__(self, buffers: list[memoryview], meet: Callable[[list], Any]) -> None:
        self._buffers = buffers
        self._meet = meet
        self._nodes = 0
        self._hashed = 0
        self._used: set[int] = set()

    def decode(self, form: Any, depth: int = 0) -> Any:
        """Return the value of a JSON form; raise WireError for anything that is none."""
        self._nodes += 1
        if depth > DEPTH or self._nodes > NODES:
            raise WireError("the value is nested too deeply or has too many parts")
        if form is None or type(form) in (bool, str, int, float):
            return form
        if type(form) is not list or not form or type(form[0]) is not str:
            raise WireError("the value has no known form")
        tag, *rest = form
        try:
            if tag in ("s", "z", "d"):
                self._hashed += len(rest)
                if self._hashed > HASHED:
                    raise WireError(f"more than {HASHED:,} keys and members of sets cannot cross at once")
            for known, plain in _SEQUENCES:
                if tag == known:
                    return plain([self.decode(each, depth + 1) for each in rest])
            if tag == "d":
                return {self.decode(key, depth + 1): self.decode(value, depth + 1) for key, value in rest}
            if tag in ("h", "k"):
                return self._meet(form)
            return self._plain(tag, rest)
        except WireError:
            raise
        except Exception as error:
            raise WireError(f"a value of form {tag!r} cannot be read: {type(error).__name__}") from None

    def _plain(self, tag: str, rest: list) -> Any:
        if tag == "f":
            if rest[0] not in ("nan", "inf", "-inf"):
                raise WireError("a float has no known form")
            return float(rest[0])
        if tag == "c":
            return complex(float(rest[0]), float(rest[1]))
        if tag == "b":
            return bytes(self._buffer(rest[0]))
        if tag == "n":
            return np.frombuffer(self._buffer(rest[1]), dtype=_dtype(rest[0]), count=1)[0]
        if tag == "a":
            return self._array(*rest)
        if tag == "x":
            return self._tensor(*rest[:5], *(self.decode(grad, DEPTH) for grad in rest[5:]))
        raise WireError(f"no value has the form {tag!r}")

    def _array(self, code: str, shape: list, strides: list, offset: int, place: int) -> np.ndarray:
        dtype = _dtype(code)
        memory = bytearray(self._buffer(place))
        lengths, steps, start = [_whole(each) for each in shape], [_integer(each) for each in strides], _whole(offset)
        if len(lengths) != len(steps) or len(lengths) > 32:
            raise WireError("an array's shape and strides do not belong together")
        if 0 not in lengths:
            # NumPy checks this too, in machine integers that can be made to wrap around.
            reach = [step * (length - 1) for step, length in zip(steps, lengths, strict=True)]
            low, high = sum(min(each, 0) for each in reach), sum(max(each, 0) for each in reach) + dtype.itemsize
            if start + low < 0 or start + high > len(memory) or math.prod(lengths) * dtype.itemsize > len(memory):
                raise WireError("an array says that it is larger than its data")
        return np.ndarray(tuple(lengths), dtype, memory, start, tuple(steps))

    def _tensor(self, name: str, code: str, shape: list, wants_grad: bool, place: int, grad: Any = None) -> Any:
        import torch

        if name not in _TENSORS:
            raise WireError("a tensor has no known dtype")
        lengths = tuple(_whole(length) for length in shape)
        array = np.frombuffer(bytearray(self._buffer(place)), dtype=_dtype(code)).reshape(lengths)
        tensor = torch.from_numpy(array)
        if name == "bfloat16" and tensor.dtype == torch.int16:
            tensor = tensor.view(torch.bfloat16)
        if str(tensor.dtype) != f"torch.{name}":
            raise WireError("a tensor's data are of another dtype")
        tensor.requires_grad_(wants_grad is True and (tensor.is_floating_point() or tensor.is_complex()))
        if grad is not None:
            tensor.grad = grad  # torch refuses one of another shape or dtype
        return tensor

    def _buffer(self, place: int) -> memoryview:
        if type(place) is not int or not 0 <= place < len(self._buffers):
            raise WireError("a value points to no buffer")
        if place in self._used:  # or one buffer could be copied a hundred thousand times
            raise WireError("two values point to the same buffer")
        self._used.add(place)
        return self._buffers[place]


def _integer(value: Any) -> int:
    if type(value) is not int or abs(value) > FRAME_BYTES:
        raise WireError("an array has a length, stride or offset that is none")
    return value


def _whole(value: Any) -> int:
    if _integer(value) < 0:
        raise WireError("an array has a negative length or offset")
    return value


def _dtype(code: Any) -> np.dtype:
    if type(code) is not str or not _DTYPE.fullmatch(code):
        raise WireError("an array has no known dtype")
    return np.dtype(code)


def send(link: socket.socket, form: Any, buffers: list[bytes], until: float | None = None) -> None:
    """Send one frame; raise WireError where it is too large, TimeoutError where `until` on the clock passes first."""
    text = json.dumps([form, [len(data) for data in buffers]], allow_nan=False, separators=(",", ":")).encode()
    total = sum(map(len, buffers))
    if len(text) > TEXT_BYTES or total > FRAME_BYTES:
        raise WireError("the frame is too large")
    for data in (_HEAD.pack(len(text), total) + text, *buffers):
        _wait(link, until)
        link.sendall(data)


def receive(link: socket.socket, until: float | None = None) -> tuple[Any, list[memoryview]]:
    """Receive one frame.

    Raises WireError where it is none, ConnectionError where the other side is gone, TimeoutError where the whole frame
    is not there by `until` (of time.monotonic).
    """
    length, total = _HEAD.unpack(_exactly(link, _HEAD.size, until))
    if length > TEXT_BYTES or total > FRAME_BYTES:
        raise WireError(f"a frame of {length + total:,} bytes is too large")
    text, data = _exactly(link, length, until), memoryview(_exactly(link, total, until))
    try:
        form, sizes = json.loads(bytes(text))
        if type(sizes) is not list or len(sizes) > NODES or any(type(size) is not int or size < 0 for size in sizes):
            raise WireError("a frame has no known form")
        if sum(sizes) != total:
            raise WireError("a frame's buffers do not add up")
    except WireError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        raise WireError(f"a frame that is no JSON: {type(error).__name__}") from None
    buffers, start = [], 0
    for size in sizes:
        buffers.append(data[start : start + size])
        start += size
    return form, buffers


def _wait(link: socket.socket, until: float | None) -> None:
    """Let the next operation take as long as is left."""
    if until is not None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        link.settimeout(left)


def _exactly(link: socket.socket, size: int, until: float | None) -> bytearray:
    data = bytearray()
    while len(data) < size:  # grow with what really comes, not with what was announced
        _wait(link, until)
        part = link.recv(min(2**20, size - len(data)))
        if not part:
            raise ConnectionError("the other side is gone")
        data += part
    return data
