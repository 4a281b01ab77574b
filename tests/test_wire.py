"""The wire: what may cross comes out as it went in, and nothing else is anything but a WireError."""

import json
import math
import pickle
import socket
import struct
import threading
import time
import tracemalloc
from collections import OrderedDict, namedtuple
from contextlib import closing

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.grading.callee import wire
from course_utils.grading.callee.wire import Decoder, Encoder, WireError

torch.set_num_threads(1)


def refuse(value):
    raise WireError(f"no plain data: {type(value).__name__}")


def there_and_back(value, keep=refuse, meet=refuse):
    """Send a value through a real socket."""
    encoder = Encoder(keep)
    form = encoder.encode(value)
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        sender = threading.Thread(target=wire.send, args=(ours, form, encoder.buffers))
        sender.start()
        got, buffers = wire.receive(theirs, time.monotonic() + 20)
        sender.join()
    return Decoder(buffers, meet).decode(got)


def frame(text, data=b"", announce=None):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return struct.pack(">QQ", *(announce or (len(text), len(data)))) + text + data


def received(bytes_, hang_up=True):
    ours, theirs = socket.socketpair()
    with closing(theirs):
        sender = threading.Thread(target=lambda: (ours.sendall(bytes_), hang_up and ours.shutdown(socket.SHUT_WR)))
        sender.start()
        try:
            return wire.receive(theirs, time.monotonic() + 5)
        finally:
            theirs.close()
            ours.close() if not sender.is_alive() else None
            sender.join()
            ours.close()


def decoded(form, *buffers):
    return Decoder([memoryview(each) for each in buffers], refuse).decode(form)


# There and back

DTYPES = [
    "?",
    "i1",
    "i2",
    "i4",
    "i8",
    "u1",
    "u2",
    "u4",
    "u8",
    "f2",
    "f4",
    "f8",
    "g",
    "F",
    "D",
    "G",
    ">i4",
    ">f8",
    ">c16",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**200), 2**200),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(codec=None), max_size=9),
    st.binary(max_size=9),
)
KEYS = st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.tuples(st.integers(), st.text(max_size=3)))
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(KEYS, inner, max_size=4),
        st.sets(KEYS, max_size=4),
        st.frozensets(KEYS, max_size=4),
    ),
    max_leaves=20,
)


@given(PLAIN)
@settings(max_examples=150, deadline=None)
def test_nested_plain_data_comes_back_the_same(value):
    back = there_and_back(value)
    assert repr(_sorted(back)) == repr(_sorted(value))  # repr: nan, -0.0 and the types count


def _sorted(value):
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(map(repr, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(_sorted, value))
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    return value


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (4, 3), (2, 3, 4, 5)], ids=str)
def test_arrays_of_every_dtype_and_shape(dtype, shape):
    array = (np.arange(math.prod(shape)) % 7).astype(dtype).reshape(shape)
    back = there_and_back(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)
    if array.size:
        back.flat[0] = 1
        scalar = there_and_back(array.flat[0])
        assert scalar == array.flat[0]
        assert type(scalar) is type(array.flat[0]) or dtype.startswith(">")


BASE = np.arange(120.0).reshape(4, 5, 6)
VIEWS = {
    "transposed": (BASE.T, True),
    "reversed": (BASE[::-1], True),
    "all reversed": (BASE[::-1, ::-1, ::-1], True),
    "every second": (BASE[..., ::2], True),
    "every second backwards": (BASE[::2, ::-2], True),
    "a column of many": (np.zeros((9, 9))[:, 4], False),
    "fortran": (np.asfortranarray(BASE[0]), True),
    "zero strides": (np.broadcast_to(3.0, (7, 8)), False),
    "overlapping windows": (np.lib.stride_tricks.sliding_window_view(np.arange(50), 9), False),
    "empty view": (BASE[:, 2:2, ::-1], False),
    "one row": (BASE[:1, ::-1, :1], None),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_keep_their_values_and_where_it_is_cheap_their_strides(name):
    view, keeps = VIEWS[name]
    back = there_and_back(view)
    np.testing.assert_array_equal(back, view)
    assert (back.dtype, back.shape) == (view.dtype, view.shape)
    if keeps is not None and view.size:
        assert (back.strides == view.strides) is keeps


def test_what_lies_between_the_elements_does_not_cross():
    secret = np.array([1.0, 666.0, 2.0, 666.0])
    encoder = Encoder(refuse)
    encoder.encode(secret[::2])
    assert np.float64(666).tobytes() not in b"".join(encoder.buffers)


def test_subclasses_of_arrays_are_arrays():
    assert type(there_and_back(np.ma.masked_array([1, 2], [0, 1]))) is np.ndarray
    matrix = there_and_back(np.array([[1, 2]]).view(type("Sly", (np.ndarray,), {"__eq__": lambda *a: True})))
    assert type(matrix) is np.ndarray


@pytest.mark.parametrize("name", sorted(wire._TENSORS))
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)], ids=str)
def test_tensors_of_every_dtype(name, shape):
    tensor = (torch.arange(math.prod(shape)).reshape(shape) % 2).to(getattr(torch, name))
    back = there_and_back(tensor)
    assert back.dtype == tensor.dtype
    assert back.shape == tensor.shape
    assert torch.equal(back, tensor)


def test_tensors_with_gradients_and_strange_layouts():
    weight = torch.nn.Parameter(torch.randn(3, 4))
    (weight**2).sum().backward()
    back = there_and_back(weight)
    assert back.requires_grad
    assert torch.equal(back.grad, weight.grad)
    assert torch.equal(there_and_back(weight.T.detach()), weight.T)
    z = torch.randn(3, dtype=torch.complex64)
    assert torch.equal(there_and_back(z.conj()), z.conj().resolve_conj())
    for odd in (torch.eye(3).to_sparse(), torch.ones(2, device="meta"), torch.ones(2).to(torch.float8_e4m3fn)):
        with pytest.raises(WireError, match="no plain data"):
            Encoder(refuse).encode(odd)


def test_containers_of_other_names_cross_as_what_they_are():
    Point = namedtuple("Point", "x y")
    value = there_and_back([Point(1, 2), OrderedDict(a=1), torch.Size([2, 3]), np.float64(2.5), np.True_])
    assert value == [(1, 2), {"a": 1}, (2, 3), 2.5, True]
    assert [type(each) for each in value] == [tuple, dict, tuple, np.float64, np.bool_]


@pytest.mark.parametrize("value", [object(), len, int, range(3), iter([1]), np.array([None]), np.datetime64("2026")])
def test_what_is_no_plain_data_is_kept_by_number(value):
    kept = []

    def keep(one):
        kept.append(one)
        return ["h", 5, "Name", False]

    assert there_and_back([value], keep, lambda form: tuple(form)) == [("h", 5, "Name", False)]
    assert kept == [value] or isinstance(value, np.ndarray)


# What cannot be sent


def endless():
    value = []
    value.append(value)
    return value


def doubled():
    value = [1]
    for _ in range(39):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    "value",
    [endless(), {1: endless()}, doubled(), [0] * 300_000, 1 << 20_000, bytes(wire.FRAME_BYTES + 1)],
    ids=["cyclic", "cyclic dict", "doubling", "long", "huge int", "huge bytes"],
)
def test_what_has_no_end_cannot_be_sent(value):
    start = time.process_time()
    with pytest.raises(WireError):
        Encoder(refuse).encode(value)
    assert time.process_time() - start < 20  # some tenths; walked to its end, the doubling list would take hours


def test_texts_that_are_too_long_cannot_be_sent():
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs), pytest.raises(WireError, match="too large"):
        wire.send(ours, "x" * (wire.TEXT_BYTES + 1), [])


# Frames that are none


@pytest.mark.parametrize(
    "bytes_",
    [
        frame(b"nonsense"),
        frame(b""),
        frame(b"\xff\xfe\x00"),
        frame(b"[" * 100_000),
        frame(b'{"a":' * 100_000),
        frame(b"1" * 10_000),
        frame(1),
        frame([1]),
        frame([1, 2]),
        frame([1, 2, 3]),
        frame({"a": 1, "b": 2}),
        frame("ab"),
        frame([0, [1]]),
        frame([0, [-1, 1]]),
        frame([0, [1.0]], b"x"),
        frame([0, [True]], b"x"),
        frame([0, ["1"]], b"x"),
        frame([0, [2]], b"x"),
        frame([0, []], b"x"),
        frame([0, [0] * (wire.NODES + 1)]),
        frame([0, []], announce=(2**63, 0)),
        frame([0, []], announce=(2**64 - 1, 2**64 - 1)),
        frame([0, []], announce=(9, wire.FRAME_BYTES + 1)),
        b"x" * 500,
    ],
)
def test_a_frame_that_is_none_is_a_wire_error(bytes_):
    with pytest.raises(WireError):
        received(bytes_)


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 17, -1])
def test_a_truncated_frame_is_a_lost_connection(cut):
    whole = frame([["b", 0], [4]], b"data")
    assert received(whole)[0] == ["b", 0]
    with pytest.raises(ConnectionError):
        received(whole[:cut])


@pytest.mark.parametrize("announce", [(wire.TEXT_BYTES, 0), (9, wire.FRAME_BYTES)])
def test_memory_is_taken_for_what_comes_not_for_what_is_announced(announce):
    tracemalloc.start()
    try:
        with pytest.raises(ConnectionError):
            received(frame([0, []], announce=announce))
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_a_frame_that_drips_is_given_up_in_time():
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip():
        while not stop.wait(0.05):
            ours.send(b"\0")

    thread = threading.Thread(target=drip)
    thread.start()
    start = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            wire.receive(theirs, start + 0.4)
        assert time.monotonic() - start < 3
        with pytest.raises(TimeoutError):
            wire.send(theirs, 0, [bytes(2**24)], time.monotonic() + 0.3)
        with pytest.raises(TimeoutError):
            wire.receive(theirs, start)
    finally:
        stop.set()
        thread.join()
        ours.close()
        theirs.close()


# Values that are none

EIGHT = bytes(8)
MALFORMED = {
    "unknown tag": ["?", 1],
    "empty": [],
    "no tag": [[1]],
    "a mapping": {"a": 1},
    "deep": None,
    "float that is none": ["f", "1e9"],
    "float that is code": ["f", "__import__('os')"],
    "float without a text": ["f"],
    "complex that is none": ["c", "1", "x"],
    "complex of lists": ["c", [], []],
    "bytes of no buffer": ["b", 7],
    "bytes of a negative buffer": ["b", -1],
    "bytes of a true buffer": ["b", True],
    "bytes of a text": ["b", "0"],
    "unhashable member": ["s", ["l"]],
    "unhashable member of a frozen set": ["z", ["d"]],
    "unhashable key": ["d", [["l", 1], 2]],
    "array for a key": ["d", [["a", "<f8", [1], [8], 0, 0], 2]],
    "pair of one": ["d", [1]],
    "pair of three": ["d", [1, 2, 3]],
    "pair that is a number": ["d", 7],
    "handle": ["h", 0, "x", True],
    "object dtype": ["a", "|O", [1], [8], 0, 0],
    "object dtype by name": ["a", "object", [1], [8], 0, 0],
    "void dtype": ["a", "|V8", [1], [8], 0, 0],
    "text dtype": ["a", "<U2", [1], [8], 0, 0],
    "date dtype": ["a", "<M8", [1], [8], 0, 0],
    "structured dtype": ["a", "i4,i4", [1], [8], 0, 0],
    "dtype that is a list": ["a", [["a", "O"]], [1], [8], 0, 0],
    "dtype that does not exist": ["a", "<f3", [1], [8], 0, 0],
    "dtype with a newline": ["a", "<f8\n", [1], [8], 0, 0],
    "negative shape": ["a", "<f8", [-1], [8], 0, 0],
    "nan shape": ["a", "<f8", [float("nan")], [8], 0, 0],
    "true shape": ["a", "<f8", [True], [8], 0, 0],
    "huge shape": ["a", "<f8", [2**62], [8], 0, 0],
    "shape beyond machine integers": ["a", "<f8", [10**300], [8], 0, 0],
    "huge empty shape": ["a", "<f8", [0, 10**12], [8, 8], 0, 0],
    "large empty shape": ["a", "<f8", [0, *[10**8] * 20], [8] * 21, 0, 0],
    "product that wraps": ["a", "|u1", [2**20] * 4, [0] * 4, 0, 0],
    "shape that is a text": ["a", "<f8", "12", [8], 0, 0],
    "many dimensions": ["a", "<f8", [1] * 99, [8] * 99, 0, 0],
    "zero strides": ["a", "<f8", [100], [0], 0, 0],
    "stride outside": ["a", "|u1", [2], [9], 0, 0],
    "stride that wraps": ["a", "|u1", [5], [2**62], 0, 0],
    "stride that wraps backwards": ["a", "|u1", [5], [-(2**62)], 0, 0],
    "strides that wrap together": ["a", "|u1", [3, 2], [2**63, 1], 0, 0],
    "negative stride outside": ["a", "|u1", [2], [-1], 0, 0],
    "stride that is a text": ["a", "|u1", [2], ["1"], 0, 0],
    "stride that is nan": ["a", "|u1", [2], [float("nan")], 0, 0],
    "fewer strides": ["a", "|u1", [2, 2], [1], 0, 0],
    "offset outside": ["a", "|u1", [8], [1], 1, 0],
    "negative offset": ["a", "|u1", [2], [1], -1, 0],
    "offset that is a text": ["a", "|u1", [2], [1], "0", 0],
    "array of too little": ["a", "<f8", [2], [8], 0, 0],
    "array of too few parts": ["a", "<f8", [1]],
    "array of too many parts": ["a", "<f8", [1], [8], 0, 0, 0],
    "scalar of too little": ["n", "<c32", 0],
    "scalar of an object": ["n", "|O", 0],
    "tensor of no dtype": ["x", "object", "<f8", [1], False, 0],
    "tensor of another dtype": ["x", "bfloat16", "<f8", [1], False, 0],
    "tensor of another shape": ["x", "float64", "<f8", [2], False, 0],
    "tensor of a huge shape": ["x", "float64", "<f8", [2**31, 2**31], False, 0],
    "tensor of the other order": ["x", "float64", ">f8", [1], False, 0],
    "tensor with a strange gradient": ["x", "float64", "<f8", [1], True, 0, "grad"],
    "gradient of another shape": ["x", "float64", "<f8", [1], True, 0, ["x", "float32", "<f4", [2], False, 1]],
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_a_value_that_is_none_is_a_wire_error(name):
    form = MALFORMED[name]
    if name == "deep":
        form = 0
        for _ in range(100):
            form = ["l", form]
    with pytest.raises(WireError):
        decoded(form, EIGHT, EIGHT)


def test_numpy_itself_lets_strides_wrap():
    """Control: the check of the wire's own is needed; this array would read outside its memory."""
    try:
        wild = np.ndarray((5,), "|u1", bytearray(5), 0, (2**62,))
    except ValueError:
        pytest.skip("this NumPy refuses strides that wrap")
    assert wild.strides == (2**62,)


@pytest.mark.parametrize("data", [pickle.dumps({"a": 1}), b"\x93NUMPY" + pickle.dumps([1]), pickle.dumps(np.arange(3))])
def test_pickles_are_bytes_like_all_others(data, monkeypatch):
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, lambda *a, **k: pytest.fail("something was unpickled"))
    assert decoded(["b", 0], data) == data
    array = decoded(["a", "|u1", [len(data)], [1], 0, 0], data)
    assert array.tobytes() == data


def test_one_buffer_serves_one_value():
    with pytest.raises(WireError, match="same buffer"):
        decoded(["l", *[["a", "|u1", [8], [1], 0, 0]] * 2], EIGHT)


def test_values_of_many_parts_are_refused():
    with pytest.raises(WireError, match="too many parts"):
        decoded(["l", *[0] * (wire.NODES + 1)])


def test_keys_that_collide_cost_little():
    colliding = [k * (2**61 - 1) for k in range(wire.HASHED // 2)]
    assert len({hash(key) for key in colliding}) == 1
    start = time.monotonic()
    assert len(decoded(["s", *colliding])) == len(colliding)
    assert time.monotonic() - start < 5
    for form in (
        ["s", *colliding, *colliding, 1],
        ["l", *[["z", *colliding]] * 3],
        ["d", *[[k, 0] for k in range(20_000)]],
    ):
        with pytest.raises(WireError, match="members of sets"):
            decoded(form)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from("ltsdzfbna")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=7),
        st.tuples(st.sampled_from("ltsdzfcbnax"), inner, inner, inner).map(list),
        st.tuples(
            st.just("a"), st.sampled_from(["<f8", "|u1", "|O"]), st.lists(st.integers(), max_size=3),
            st.lists(st.integers(), max_size=3), st.integers(), st.integers(-1, 2),
        ).map(list),
        st.tuples(
            st.just("x"), st.sampled_from(["float64", "bfloat16"]), st.sampled_from(["<f8", "<i2"]),
            st.lists(st.integers(), max_size=3), st.booleans(), st.integers(-1, 2), inner,
        ).map(list),
    ),
    max_leaves=30,
)  # fmt: skip


@given(JSON)
@settings(max_examples=400, deadline=None)
def test_whatever_arrives_is_a_value_or_a_wire_error(form):
    try:
        value = decoded(form, EIGHT, bytes(3))
    except WireError:
        return
    repr(value)


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=100, deadline=None)
def test_whatever_bytes_arrive_are_a_frame_or_an_error(data, honest_head):
    data = struct.pack(">QQ", len(data), 0) + data if honest_head else data
    with pytest.raises((WireError, ConnectionError)):
        raise WireError(str(received(data)))
