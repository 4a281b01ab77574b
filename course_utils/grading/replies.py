"""What a student's process replies, taken for what it is: names, text and exceptions of a harmless form."""

from __future__ import annotations

import builtins
from typing import Any

from course_utils.grading.callee import wire


class StudentProcessError(RuntimeError):
    """The student's process ended, or answered with something that is no answer, while it was asked something."""


def sound(error: Any) -> dict:
    """Return an exception's description with nothing in it but short strings."""
    if type(error) is not dict:
        raise StudentProcessError("the student's process raised something that it cannot describe")

    def strings(value: Any) -> list[str]:
        return [text_of(each) for each in value[:12]] if type(value) is list else []

    return {
        "name": name_of(error.get("name"), "Exception"),
        "message": text_of(error.get("message")),
        "ancestry": strings(error.get("ancestry")),
        "frames": strings(error.get("frames")),
    }


def text_of(value: Any, most: int = 2000) -> str:
    """Return a string cut to `most` characters that every file can hold (no halves of surrogate pairs), or nothing."""
    return value[:most].encode("utf-8", "replace").decode() if type(value) is str else ""


def name_of(value: Any, otherwise: str) -> str:
    """Return a string that can be the name of a class."""
    name = text_of(value, 80)
    return name if name.isidentifier() else otherwise


def answer_of(reply: Any, decoder: wire.Decoder) -> Any:
    """Return the value in one of many replies, or its exception."""
    if type(reply) is not dict:
        raise wire.WireError("an answer that is no answer")
    return exception_of(reply["error"]) if "error" in reply else decoder.decode(reply.get("value"))


def raise_error(reply: dict) -> None:
    """Raise a reply's exception, where there is one."""
    if "error" in reply:
        raise exception_of(reply["error"])


def exception_of(error: Any) -> Exception:
    """Return the nearest exception of Python's own, with the student's frames as text."""
    told = sound(error)
    for ancestor in told["ancestry"]:
        kind = getattr(builtins, ancestor, None)
        if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, (ExceptionGroup, Warning)):
            break
    else:
        kind = RuntimeError
    raised = type(told["name"], (kind,), {"__init__": Exception.__init__, "__str__": lambda self: told["message"]})
    made = raised(told["message"])
    made.student_frames = told["frames"]
    return made
