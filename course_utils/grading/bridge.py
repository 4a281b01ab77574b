"""The examiner's side of the wire: a conversation with a confined process, and proxies that stand for its names.

A proxy is called like the function it stands for. Arguments cross as plain data, arrays that the call changed are
changed here too, and a function among the arguments can be called back from there. What is no plain data comes back
as a Handle, whose attributes and calls cross in the same way. Nothing that arrives is ever executed or unpickled.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course_utils.checks import TooSlowError
from course_utils.grading.callee import wire
from course_utils.grading.lending import bring_back, is_network, lend
from course_utils.grading.replies import StudentProcessError, answer_of, name_of, raise_error, sound, text_of
from course_utils.grading.sandbox import Door, Limits, SandboxError, Student

MOST_ITEMS = 100_000
MOST_CALLBACKS = 100_000
AGAIN_S = 0.5  # wall seconds for a call of a function that has been late before
NO_LIMIT = float("inf")


class Conversation:
    """Ask a confined process, one question at a time; start it again, with the same cells, where it is gone.

    `fault` is set where the sandbox failed, not the student: no answer since then means anything.
    """

    def __init__(self, warm: Door, limits: Limits | None = None) -> None:
        self._warm = warm
        self.limits = limits or warm.policy.limits
        self._student: Student | None = None
        self._ready = False
        self._good: list[tuple[str, bool]] = []
        self._generation = self._starts = 0
        self._left = self.limits.wall_s
        self._slow: set[str] = set()
        self.restarts = 0
        self.fault = ""

    def run_cell(self, source: str, locked: bool = False) -> dict:
        """Run a cell and return {"text", "error"}; a cell that ends the process is left out from then on.

        A locked one may take as long as the submission has left: on a busy machine, what it loads is slow to come.
        """
        self._present()
        reply, _ = self._ask({"do": "run", "source": source, "output": self.limits.output}, patient=locked)
        self._good.append((source, locked))
        error = reply.get("error")
        return {"text": text_of(reply.get("text"), 2 * self.limits.output), "error": sound(error) if error else None}

    def kinds(self, names: list[str]) -> dict[str, bool]:
        """Return which of the names are defined, and whether each can be called."""
        reply, _ = self.ask({"do": "kinds", "names": names})
        found = reply.get("kinds")
        if not isinstance(found, dict):
            raise StudentProcessError("the student's process does not say which names it has")
        return {name: found[name] is True for name in names if name in found}

    def value(self, name: str) -> Any:
        """Return the value of a name."""
        return self._value({"do": "get", "name": name})

    def call(self, target: dict, args: tuple, kwargs: dict, keep: bool = False) -> Any:
        """Call a name or a handle; raise what it raises, write back the arrays and networks that it changed.

        With `keep`, what comes back stays there and a handle stands for it, even where it is plain data.
        """
        callbacks: dict[int, Callable] = {}
        networks: list[tuple[Any, Handle]] = []
        encoder = wire.Encoder(lambda value: self._keep(value, callbacks, networks))
        form = {"do": "call", **target, "args": encoder.encode(args), "kwargs": encoder.encode(kwargs), "keep": keep}
        name = target.get("name", "")
        try:
            reply, buffers = self.ask(form, encoder.buffers, callbacks, AGAIN_S if name in self._slow else NO_LIMIT)
        except (TooSlowError, StudentProcessError) as error:
            if isinstance(error, TooSlowError) or "did not come back" in str(error):
                if name in self._slow:
                    raise StudentProcessError(f"it did not come back within {AGAIN_S:g} seconds either") from None
                self._slow.add(name)  # what was late once need not be waited for as long again
            raise
        raise_error(reply)
        decoder = wire.Decoder(buffers, self._meet)
        try:
            result, after = decoder.decode(reply.get("value")), decoder.decode(reply.get("after", ["l"]))
        except wire.WireError as error:
            raise StudentProcessError(str(error)) from None
        self._write_back(args, kwargs, after)
        for network, there in networks:
            bring_back(network, there)
        return result

    def calls(self, name: str, asked: list[tuple[tuple, dict]], seconds: float) -> list[Any] | None:
        """Make many calls of a name in one message; return for each its value or the exception that it raised.

        Returns None where no answer to all of them comes within `seconds`: each has then to be asked alone.
        """
        if name in self._slow:
            return None
        encoder = wire.Encoder(lambda value: self._keep(value, None))
        forms = [[encoder.encode(args), encoder.encode(kwargs)] for args, kwargs in asked]
        try:
            self._present()
            reply, buffers = self._ask({"do": "calls", "name": name, "calls": forms}, encoder.buffers, seconds=seconds)
            answers = reply.get("answers")
            if type(answers) is not list or len(answers) != len(asked):
                return None
            decoder = wire.Decoder(buffers, self._meet)
            return [answer_of(each, decoder) for each in answers]
        except (StudentProcessError, wire.WireError):
            return None

    def ask(
        self,
        form: dict,
        buffers: list[bytes] | None = None,
        callbacks: dict | None = None,
        seconds: float = NO_LIMIT,
    ) -> tuple[dict, list]:
        """Ask and return the reply; raise StudentProcessError where none comes."""
        self._present()
        return self._ask(form, buffers or [], callbacks or {}, seconds)

    def _ask(
        self,
        form: dict,
        buffers: list[bytes] | None = None,
        callbacks: dict | None = None,
        seconds: float = NO_LIMIT,
        patient: bool = False,
    ) -> tuple[dict, list]:
        assert self._student is not None
        link = self._student.link
        start = time.monotonic()
        seconds = min(NO_LIMIT if patient else self.limits.cell_s, self._left, seconds)
        until = start + seconds
        answered = False
        try:
            wire.send(link, form, buffers or [], until)
            for _ in range(MOST_CALLBACKS):
                reply, got = wire.receive(link, until)
                if type(reply) is not dict:
                    raise wire.WireError("an answer that is no answer")
                if "callback" not in reply:
                    answered = True
                    return reply, got
                self._answer_back(reply, got, callbacks or {}, until)
            raise wire.WireError("the examiner was asked back too often")
        except wire.WireError as error:
            raise StudentProcessError(str(error)) from None
        except TimeoutError:
            self._left = 0.0 if seconds >= self._left else self._left
            raise StudentProcessError(
                self._late() or f"it did not come back within {seconds:g} second{'s' * (seconds != 1)}"
            ) from None
        except OSError:
            raise StudentProcessError(self._why()) from None
        finally:
            self._left = max(self._left - (time.monotonic() - start), 0.0)
            if not answered:  # also where a time limit broke in: the conversation is out of step
                self.hang_up()

    def _late(self) -> str:
        """Return what is to be said where the submission has used up all its time, else nothing."""
        return "" if self._left > 0 else f"the submission used up its {self.limits.wall_s:g} seconds"

    def _answer_back(self, reply: dict, buffers: list, callbacks: dict, until: float) -> None:
        """Call the function that the student's code was handed, with plain data, and send what it gives."""
        assert self._student is not None
        decoder = wire.Decoder(buffers, self._meet)
        function = callbacks.get(reply["callback"]) if type(reply["callback"]) is int else None
        if function is None:
            raise wire.WireError("a function was asked for that was not handed over")
        encoder = wire.Encoder(lambda value: self._keep(value, callbacks))
        try:
            result = function(*decoder.decode(reply.get("args")), **decoder.decode(reply.get("kwargs")))
            answer = {"value": encoder.encode(result)}
        except (wire.WireError, StudentProcessError):
            raise
        except Exception as error:
            answer, encoder.buffers = {"error": f"{type(error).__name__}: {error}"}, []
        if self._student is None:
            raise wire.WireError("the student's process ended while it was being answered")
        wire.send(self._student.link, answer, encoder.buffers, until)

    def _keep(self, value: Any, callbacks: dict | None, networks: list | None = None) -> list:
        if isinstance(value, Handle):
            return ["h", value._number(self, self._generation)]
        if is_network(value) and networks is not None:
            networks.append((value, lend(value, self.value)))
            return self._keep(networks[-1][1], callbacks)
        if callable(value) and callbacks is not None:
            callbacks[len(callbacks)] = value
            return ["k", len(callbacks) - 1, str(getattr(value, "__name__", "function"))]
        raise TypeError(f"a {type(value).__name__} cannot be handed to a student's function: plain data only")

    def _meet(self, form: list) -> Handle:
        if len(form) != 4 or form[0] != "h" or type(form[1]) is not int or type(form[2]) is not str:
            raise wire.WireError("a handle that is no handle")
        kind = type(name_of(form[2], "object"), (Handle,), {"__slots__": ()})  # feedback names the type of a value
        return kind(self, self._generation, form[1])

    def _value(self, form: dict, buffers: list[bytes] | None = None) -> Any:
        reply, got = self.ask(form, buffers)
        raise_error(reply)
        try:
            return wire.Decoder(got, self._meet).decode(reply.get("value"))
        except wire.WireError as error:
            raise StudentProcessError(str(error)) from None

    @staticmethod
    def _write_back(args: tuple, kwargs: dict, after: Any) -> None:
        """Copy the arrays as they are after the call onto those that were handed over."""
        mine = [each for each in (*args, *kwargs.values()) if isinstance(each, np.ndarray) or _is_tensor(each)]
        if not isinstance(after, list) or len(after) != len(mine):
            return
        for array, now in zip(mine, after, strict=True):
            if type(now) is type(array) and array.shape == now.shape and array.dtype == now.dtype:
                if isinstance(array, np.ndarray) and array.flags.writeable:
                    array[...] = now
                elif not isinstance(array, np.ndarray):
                    array.detach().copy_(now.detach())

    def _present(self) -> None:
        """Have a process that has run all good cells; one that is gone is made again."""
        if self._late():
            raise StudentProcessError(self._late())
        while self._student is None or not self._ready:
            self.hang_up()
            self._ready = False
            self._student = self._warm.student()
            self._starts += 1
            self.restarts = self._starts - 1
            self._run_again()

    def _run_again(self) -> None:
        """Run the good cells; one that now ends the process is good no longer."""
        for cell in list(self._good):
            try:
                self._ask({"do": "run", "source": cell[0], "output": 0}, patient=cell[1])
            except StudentProcessError:
                if self._late() or self.fault:
                    raise
                self._good.remove(cell)
                return
        self._ready = True

    def _why(self) -> str:
        assert self._student is not None
        why = self._student.why()
        if why.startswith("sandbox"):  # said before any of the student's code ran
            self.fault = why
            raise SandboxError(f"the sandbox does not work: {why}")
        told = {
            "memory": f"it used more than {self.limits.memory_mb} MB of memory",
            "cpu": f"it used more than {self.limits.cpu_s} seconds of processor time",
            "processes": f"it started more than {self.limits.processes} processes or threads",
            "signal 11": "it crashed (segmentation fault)",
            "ended": "it ended Python (os._exit, or the like)",
        }
        return f"the student's process is gone: {told.get(why, why)}"

    def hang_up(self) -> None:
        """End the process; the next question starts another."""
        student, self._student = self._student, None
        self._generation += 1  # what handles stand for is lost
        if student is not None:
            student.end()


class Handle:
    """Something of a student's that is no plain data. It equals nothing but itself and is neither true nor false.

    Each has a class of its own, which bears the name of the student's.
    """

    __slots__ = ("_conversation", "_generation", "_index")

    def __init__(self, conversation: Conversation, generation: int, index: int) -> None:
        object.__setattr__(self, "_conversation", conversation)
        object.__setattr__(self, "_generation", generation)
        object.__setattr__(self, "_index", index)

    def _number(self, conversation: Conversation, generation: int) -> int:
        if conversation is not self._conversation or generation != self._generation:
            raise StudentProcessError("this object was lost when the student's process ended")
        return self._index

    def _target(self) -> int:
        return self._number(self._conversation, self._conversation._generation)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it over there."""
        return self._conversation.call({"handle": self._target()}, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute as data, or as a handle."""
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._conversation._value({"do": "attribute", "handle": self._target(), "name": name})

    def __setattr__(self, name: str, _value: Any) -> None:
        raise AttributeError(f"{name} cannot be set: a student's object is read and called, never changed")

    def __len__(self) -> int:
        length = self._conversation._value({"do": "length", "handle": self._target()})
        if type(length) is not int or length < 0:
            raise TypeError("the length of a student's object is no length")
        return length

    def __iter__(self) -> Iterator[Any]:
        found = self._conversation._value({"do": "items", "handle": self._target(), "most": MOST_ITEMS})
        if type(found) is not list or len(found) > MOST_ITEMS:
            raise TypeError(f"a student's object has no end, or more than {MOST_ITEMS:,} elements")
        return iter(found)

    def __getitem__(self, key: Any) -> Any:
        encoder = wire.Encoder(lambda value: self._conversation._keep(value, {}))
        form = {"do": "item", "handle": self._target(), "key": encoder.encode(key)}
        return self._conversation._value(form, encoder.buffers)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        raise TypeError(f"a student's {type(self).__name__} is neither true nor false; compare plain data")

    def __deepcopy__(self, _memo: dict) -> Handle:
        return self  # what it stands for stays where it is

    def __repr__(self) -> str:
        return f"<a {type(self).__name__} of the student's>"


def proxy(conversation: Conversation, name: str) -> Callable[..., Any]:
    """Return a function that calls the student's function of that name."""

    def student_function(*args: Any, **kwargs: Any) -> Any:
        return conversation.call({"name": name}, args, kwargs)

    def many(asked: list[tuple[tuple, dict]], seconds: float) -> list[Any] | None:
        return conversation.calls(name, asked, seconds)

    def kept_function(*args: Any, **kwargs: Any) -> Any:
        return conversation.call({"name": name}, args, kwargs, keep=True)

    student_function.__name__ = student_function.__qualname__ = name
    student_function.many = many  # type: ignore[attr-defined]
    student_function.kept = kept_function  # type: ignore[attr-defined]
    student_function.look = conversation.value  # type: ignore[attr-defined]
    return student_function


def kept(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` such that its result is no copy: a Handle where it is a student's, else the result itself."""
    if isinstance(function, Handle):
        there = function
        return lambda *args, **kwargs: there._conversation.call({"handle": there._target()}, args, kwargs, keep=True)
    return getattr(function, "kept", function)


def beside(function: Callable[..., Any], name: str, here: Any) -> Any:
    """Return what `name` stands for where a student's function lives; `here` where that is this process."""
    look = getattr(function, "look", None)
    return here if look is None else look(name)


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)
