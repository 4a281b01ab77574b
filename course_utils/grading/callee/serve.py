"""The student's side of the wire: run cells, look up names, make calls, answer with plain data.

Everything here runs in the same interpreter as the student's code, which may change all of it. That is allowed for:
whatever comes out is data, and the examiner judges it.
"""

import io
import socket
import sys
import traceback
from typing import Any

import wire  # this folder is the sandbox's whole import path

MESSAGE = 2_000
OUTPUT = 64_000


def _tag(form: Any) -> Any:
    return form[0] if isinstance(form, list) else None


class CappedText(io.TextIOBase):
    """A text stream that keeps the first so many characters and counts the rest."""

    def __init__(self, most: int) -> None:
        self.most, self.kept, self.lost = most, 0, 0
        self.parts: list[str] = []

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Keep what still fits."""
        room = max(self.most - self.kept, 0)
        self.parts.append(text[:room])
        self.kept += len(text[:room])
        self.lost += len(text) - len(text[:room])
        return len(text)

    def text(self) -> str:
        """Return what was kept, and how much was not."""
        said = "".join(self.parts)
        return f"{said}\n[{self.lost:,} more characters were not kept]" if self.lost else said


class Server:
    """One conversation: the examiner asks, this answers, and may ask back while it works on a call."""

    def __init__(self, link: socket.socket, shell: Any) -> None:
        self.link, self.shell = link, shell
        self.kept: dict[int, Any] = {}

    def run(self) -> None:
        """Answer until the examiner hangs up."""
        while True:
            try:
                form, buffers = wire.receive(self.link)
            except ConnectionError:
                return
            self.answer(form, buffers)

    def answer(self, form: dict, buffers: list) -> None:
        """Do one request; whatever it raises is the answer."""
        try:
            reply = getattr(self, f"do_{form['do']}")(form, wire.Decoder(buffers, self.meet))
        except BaseException as error:  # sys.exit() in a student's function is an answer like any other
            reply = {"error": self.describe(error)}, []
        try:
            wire.send(self.link, *reply)
        except wire.WireError as error:
            wire.send(self.link, {"error": self.describe(error)}, [])

    def keep(self, value: Any) -> list:
        """Keep what is no plain data; its handle tells the type's name and whether it can be called."""
        number = len(self.kept)
        self.kept[number] = value
        return ["h", number, str(type(value).__name__)[:80], bool(callable(value))]

    def meet(self, form: list) -> Any:
        """Return what a handle stands for, or a function that asks the examiner back."""
        if form[0] == "h":
            return self.kept[form[1]]

        def callback(*args: Any, **kwargs: Any) -> Any:
            encoder = wire.Encoder(self.keep)
            asked = {"callback": form[1], "args": encoder.encode(args), "kwargs": encoder.encode(kwargs)}
            wire.send(self.link, asked, encoder.buffers)
            reply, buffers = wire.receive(self.link)
            while "do" in reply:  # the function that was called back asks for something here in its turn
                self.answer(reply, buffers)
                reply, buffers = wire.receive(self.link)
            if "error" in reply:
                raise RuntimeError(reply["error"])
            return wire.Decoder(buffers, self.meet).decode(reply["value"])

        callback.__name__ = str(form[2])
        return callback

    def value(self, value: Any, **more: Any) -> tuple[dict, list]:
        """Return the reply that carries a value."""
        encoder = wire.Encoder(self.keep)
        return {"value": encoder.encode(value), **{key: encoder.encode(v) for key, v in more.items()}}, encoder.buffers

    def do_run(self, form: dict, _decoder: Any) -> tuple[dict, list]:
        """Run a cell; reply with its text and its error."""
        out = CappedText(form.get("output", OUTPUT))
        before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = out
        try:
            result = self.shell.run_cell(form["source"], store_history=False)
        finally:
            sys.stdout, sys.stderr = before
        error = result.error_before_exec or result.error_in_exec
        return {"text": out.text(), "error": self.describe(error) if error is not None else None}, []

    def do_kinds(self, form: dict, _decoder: Any) -> tuple[dict, list]:
        """Reply which of the names are defined, and whether each can be called."""
        space = self.shell.user_ns
        return {"kinds": {name: bool(callable(space[name])) for name in form["names"] if name in space}}, []

    def do_get(self, form: dict, _decoder: Any) -> tuple[dict, list]:
        """Reply with the value of a name."""
        return self.value(self.shell.user_ns[form["name"]])

    def do_call(self, form: dict, decoder: Any) -> tuple[dict, list]:
        """Call a name or a handle; reply with the result, and with the arrays among the arguments as they are now.

        Where the result is to be kept, the reply is a handle for it.
        """
        args = decoder.decode(form["args"])
        kwargs = decoder.decode(form["kwargs"])
        target = self.shell.user_ns[form["name"]] if "name" in form else self.kept[form["handle"]]
        result = target(*args, **kwargs)
        forms = [*form["args"][1:], *(value for _, value in form["kwargs"][1:])]
        arrays = [each for each, sent in zip((*args, *kwargs.values()), forms, strict=True) if _tag(sent) in ("a", "x")]
        after = [each.detach() if hasattr(each, "detach") else each for each in arrays]
        if not form.get("keep"):
            return self.value(result, after=after)
        reply, buffers = self.value(None, after=after)
        return {**reply, "value": self.keep(result)}, buffers

    def do_calls(self, form: dict, decoder: Any) -> tuple[dict, list]:
        """Make many calls of a name; reply with a value or an error for each."""
        encoder = wire.Encoder(self.keep)
        answers: list[dict] = []
        for args, kwargs in form["calls"]:
            try:
                result = self.shell.user_ns[form["name"]](*decoder.decode(args), **decoder.decode(kwargs))
                answers.append({"value": encoder.encode(result)})
            except BaseException as error:
                answers.append({"error": self.describe(error)})
        return {"answers": answers}, encoder.buffers

    def do_attribute(self, form: dict, _decoder: Any) -> tuple[dict, list]:
        """Reply with an attribute of a handle."""
        return self.value(getattr(self.kept[form["handle"]], form["name"]))

    def do_items(self, form: dict, _decoder: Any) -> tuple[dict, list]:
        """Reply with the first elements of a handle, one more than asked for where there are more."""
        found = []
        for each in self.kept[form["handle"]]:
            found.append(each)
            if len(found) > form["most"]:
                break
        return self.value(found)

    def do_item(self, form: dict, decoder: Any) -> tuple[dict, list]:
        """Reply with handle[key]."""
        return self.value(self.kept[form["handle"]][decoder.decode(form["key"])])

    def do_length(self, form: dict, _decoder: Any) -> tuple[dict, list]:
        """Reply with the length of a handle."""
        return self.value(len(self.kept[form["handle"]]))

    def describe(self, error: BaseException) -> dict:
        """Return an exception as text: name, ancestry, message, and the student's own frames."""
        try:
            message = str(error)[:MESSAGE]
        except BaseException:
            message = ""
        frames = [
            f"    in {frame.name}, line {frame.lineno}: {(frame.line or '').strip()[:200]}"
            for frame in traceback.extract_tb(error.__traceback__)[-12:]
            if not frame.filename.endswith(("serve.py", "wire.py")) and "IPython" not in frame.filename
        ]
        ancestry = [str(kind.__name__) for kind in type(error).__mro__]
        return {"name": ancestry[0][:80], "ancestry": ancestry[:12], "message": message, "frames": frames[-4:]}
