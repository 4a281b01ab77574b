"""What students handed in, as files and archives that anyone may have made: notebooks come through, and no more.

nbgrader's zip_collect takes `Extractor` and `Collector` from here. Nothing but notebooks is unpacked, as plain files of
bounded size; whose they are is decided by the outermost name that says so, and a student's latest attempt counts.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from nbgrader.utils import parse_utc

MEGABYTES, MEMBERS = 100, 2_000  # unpacked of what one student hands in: bytes in all, members looked at
WHOLE = 100  # times as much for an archive of a whole class
DEPTH = 3  # archives in archives
TOLD = 10  # sentences for each archive
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".gz")

_TOO_MUCH = f"it holds more than {MEGABYTES} MB, which is the most that is unpacked for one student"
_NOBODYS = "no name says whose it is, as in STUDENT_attempt_TIME_NOTEBOOK.ipynb"
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, ValueError, RuntimeError, zlib.error)

Owner = Callable[[tuple[str, ...]], dict[str, str] | None]
_MOMENT = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)-(\d\d?)-(\d\d?)(?:-(\d\d?))?")


class RefusedError(Exception):
    """Why a file or a member of an archive is not taken."""


@dataclass
class _Purse:
    """How many bytes may still be unpacked, and how many members looked at."""

    left: int = MEGABYTES * 1_000_000
    members: int = MEMBERS

    def look(self) -> None:
        self.members -= 1
        if self.members < 0:
            raise RefusedError("it holds too many files")

    def read(self, file: IO[bytes]) -> bytes:
        """Return what a file holds; never more than is left."""
        most = min(self.left, MEGABYTES * 1_000_000)
        data = file.read(most + 1)
        if len(data) > most:
            raise RefusedError(_TOO_MUCH)
        self.left -= len(data)
        return data


class _Meter(io.RawIOBase):
    """A stream that may be read to a limit: what unpacks it may want any part of it as a whole."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self.stream, self.left = stream, most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(min(size, self.left + 1) if size >= 0 else self.left + 1)
        self.left -= len(data)
        if self.left < 0:
            raise RefusedError(_TOO_MUCH)
        return data


def when(timestamp: str) -> datetime:
    """Return the time in a file's name, in UTC where it names no zone. Raises RefusedError where it is none.

    nbgrader's own reading of 2026-10-01-10-45-00 takes the minutes for a time zone.
    """
    try:
        if found := _MOMENT.fullmatch(timestamp):
            return datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]
        return parse_utc(timestamp)
    except (ValueError, OverflowError):
        raise RefusedError("the time in its name cannot be read") from None


def told(name: object, most: int = 80) -> str:
    """Return a name that anyone may have chosen, in letters that any terminal shows."""
    shown = ascii(str(name))[1:-1]
    return shown if len(shown) <= most else f"{shown[:most]}..."


def _stem(name: str) -> str:
    """Return a name without the ending that says it is an archive."""
    ending = next((each for each in sorted(ARCHIVES, key=len, reverse=True) if name.lower().endswith(each)), "")
    return name[: len(name) - len(ending)] or "archive"


def _open(path: Path) -> IO[bytes]:
    """Open a plain file. Raises RefusedError for a link, a pipe, a folder and what cannot be read."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        link = path.is_symlink()
        raise RefusedError("it is a link, and links are not followed" if link else str(error.strerror)) from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise RefusedError("it is no file")
    return file


class Intake:
    """One reading of an archive folder: notebooks are written to `extracted`, what is refused is told in `said`."""

    def __init__(self, archive: Path, extracted: Path, owner: Owner) -> None:
        self.archive, self.extracted, self.owner = archive, extracted, owner
        self.said: list[str] = []
        self.written: list[tuple[str, datetime | None, Path]] = []

    def run(self) -> list[str]:
        """Take all in; return a sentence for each thing refused. A refused file is moved to `refused/` beside."""
        for folder, folders, files in os.walk(self.archive):
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in sorted(files + links):
                self.take(Path(folder) / name)
        latest: dict[str, datetime] = {}
        for student, moment, _ in self.written:
            if moment:
                latest[student] = max(moment, latest.get(student, moment))
        for student, moment, path in self.written:
            if moment != latest.get(student):
                path.unlink()
        return self.said

    def take(self, path: Path) -> None:
        """Take one file in, or move it to `refused/` and say why."""
        place = tuple(unicodedata.normalize("NFC", part) for part in path.relative_to(self.archive).parts)
        kind = _kind(place)
        if kind == "other" and not path.is_symlink() and path.is_file():
            return
        try:
            with _open(path) as file:
                if kind == "notebook":
                    self.write(place, _Purse().read(file))
                elif kind == "archive":
                    self.unpack(file, place, _Purse(WHOLE * MEGABYTES * 1_000_000, WHOLE * MEMBERS), 1)
        except RefusedError as reason:
            self.refuse(path)
            self.said.append(f"refused {told(path.name)}: {reason}; it was moved to refused/")

    def refuse(self, path: Path) -> None:
        """Move a file to `refused/`, where nothing reads it."""
        folder = self.archive.parent / "refused"
        folder.mkdir(exist_ok=True)
        number, place = 1, folder / path.name
        while os.path.lexists(place):
            number, place = number + 1, folder / f"{number}-{path.name[-200:]}"
        path.rename(place)

    def write(self, place: tuple[str, ...], data: bytes) -> None:
        """Write a notebook under a harmless name. Raises RefusedError where no name says whose it is."""
        found = self.owner(place)
        if found is None:
            raise RefusedError(_NOBODYS)
        moment = when(found["timestamp"]) if found.get("timestamp") else None
        *folders, name = [re.sub(r"[^\w.@ -]", "_", part)[:200].lstrip(".") or "_" for part in place]
        stem, number = re.sub(r"\.ipynb$", "", name, flags=re.IGNORECASE), 1
        target = self.extracted.joinpath(*folders, f"{stem}.ipynb")
        if (self.owner((*folders, target.name)) or {}).get("student_id") != found["student_id"]:
            raise RefusedError("its name is too long or too strange")
        while target.exists():
            number, target = number + 1, target.with_name(f"{stem}-{number}.ipynb")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        except OSError as error:
            raise RefusedError(f"it cannot be stored: {error.strerror}") from error
        self.written.append((found["student_id"], moment, target))

    def unpack(self, file: IO[bytes], place: tuple[str, ...], purse: _Purse, depth: int) -> None:
        """Write the notebooks in an archive. Raises RefusedError where it is none, or holds too much."""
        if depth > DEPTH:
            raise RefusedError("there are too many archives around it")
        place = (*place[:-1], _stem(place[-1]))
        if self.owner(place) and not self.owner(place[:-1]):
            purse = _Purse()
            if file.seek(0, os.SEEK_END) > purse.left:
                raise RefusedError(_TOO_MUCH)
        left_out: list[str] = []
        before = len(self.written)
        try:
            for name, member in _members(file, purse):
                try:
                    self.unpack_member(name, member, place, purse, depth)
                except RefusedError as reason:
                    left_out.append(f"left out {told(name)} of {told('/'.join(place))}: {reason}")
        except Exception as error:  # whatever a broken archive makes zipfile and tarfile raise
            for _, _, path in self.written[before:]:
                path.unlink()
            del self.written[before:]
            if isinstance(error, RefusedError):
                raise
            raise RefusedError(f"it cannot be read as an archive ({type(error).__name__})") from error
        finally:
            self.said += left_out[:TOLD]
            if len(left_out) > TOLD:
                self.said.append(f"left out {len(left_out) - TOLD} more files of {told('/'.join(place))}")

    def unpack_member(
        self, name: str, member: Callable[[], IO[bytes]], place: tuple[str, ...], purse: _Purse, depth: int
    ) -> None:
        """Write a member of an archive that is a notebook, or the notebooks in it. Raises RefusedError."""
        name = unicodedata.normalize("NFC", name)  # some systems write letters and their accents apart
        parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
        if ".." in parts or name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name):
            raise RefusedError("its name leads out of the folder")
        kind = _kind(parts)
        if kind == "other":
            return
        owner = self.owner((*place, *parts))
        if owner is None and kind == "notebook":
            raise RefusedError(_NOBODYS)
        if owner and not self.owner(place):
            purse = _Purse()
        try:
            with member() as opened:
                data = purse.read(opened)
        except _BROKEN as error:
            raise RefusedError(f"it cannot be unpacked ({type(error).__name__})") from error
        if kind == "notebook":
            self.write((*place, *parts), data)
        else:
            self.unpack(io.BytesIO(data), (*place, *parts), purse, depth + 1)


def _kind(place: tuple[str, ...]) -> str:
    """Return what a file is taken for: notebook, archive, or other; what systems leave beside them is other."""
    name = place[-1].lower() if place else ""
    if any(part.startswith(".") or part == "__MACOSX" for part in place):
        return "other"
    return "notebook" if name.endswith(".ipynb") else "archive" if name.endswith(ARCHIVES) else "other"


def _members(file: IO[bytes], purse: _Purse) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Yield the name of each file in an archive, and what opens it."""
    file.seek(0)
    magic = file.read(2)
    file.seek(0)
    if magic == b"PK":
        with zipfile.ZipFile(file) as packed:
            for info in packed.infolist():
                purse.look()
                if not info.is_dir():
                    yield info.filename, lambda info=info: _open_zipped(packed, info)  # type: ignore[misc]
        return
    stream: Any = gzip.GzipFile(fileobj=file) if magic == b"\x1f\x8b" else file
    with tarfile.open(fileobj=_Meter(stream, purse.left), mode="r|") as rolled:
        for part in rolled:
            purse.look()
            if not part.isdir():
                yield part.name, lambda part=part: _open_rolled(rolled, part)  # type: ignore[misc]


def _open_zipped(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise RefusedError("it is a link or a pipe")
    if info.flag_bits & 1:
        raise RefusedError("it is locked with a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RefusedError("it is packed in a way that is not read")
    return packed.open(info)


def _open_rolled(rolled: tarfile.TarFile, part: tarfile.TarInfo) -> IO[bytes]:
    found = rolled.extractfile(part) if part.isreg() else None
    if found is None:
        raise RefusedError("it is a link or a pipe")
    return found


class Collector(FileNameCollectorPlugin):
    """nbgrader's collector by file names, in which the outermost name that says whose a file is decides."""

    def owner(self, parts: tuple[str, ...]) -> dict[str, str] | None:
        """Return what the names say, from the folder inwards: student_id, file_id and timestamp, or None."""
        for count in range(1, len(parts) + 1):
            if match := re.match(self.named_regexp, "/".join(parts[:count])):
                inner = {"file_id": Path(parts[-1]).stem} if count < len(parts) else {}
                return {**match.groupdict(), **inner}
        return None

    def collect(self, submitted_file: str) -> dict[str, str] | None:
        """Return whose an extracted file is, or None where it is passed over."""
        root = self.parent._format_collect_path(self.parent.extracted_directory)
        found = self.owner(Path(submitted_file).relative_to(root).parts)
        if found is None or Path(submitted_file).suffix not in self.valid_ext:
            return None
        if found.get("timestamp"):
            found["timestamp"] = when(found["timestamp"]).isoformat(" ")
        return found


class Extractor(ExtractorPlugin):
    """nbgrader's extractor, made safe."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Write the notebooks of an archive folder to another; what is refused is told in the log."""
        for sentence in Intake(Path(archive_path), Path(extracted_path), Collector(parent=self.parent).owner).run():
            self.log.warning(sentence)


def sentences(log: str) -> list[str]:
    """Return what `Extractor` told in nbgrader's log."""
    return re.findall(r"^\[[^]]*\] ((?:refused|left out) .+)$", log, re.MULTILINE)
