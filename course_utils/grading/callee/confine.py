"""Put a freshly forked process into namespaces of its own, take away what it does not need, and watch over it."""

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 0x20, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
PR_SET_SECCOMP = 22
ALL_NEW = NEWNS | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | 0x02000000
# For each machine: audit code, clone, clone3, socket, then: ptrace, mount, umount2, pivot_root, chroot, unshare, setns,
# keyctl, add_key, request_key, bpf, perf_event_open, process_vm_readv, process_vm_writev, userfaultfd, io_uring_setup,
# open_by_handle_at, kexec_load, init_module, finit_module, mount_setattr, move_mount, open_tree, fsopen, syslog; and
# memory that no process is charged for: memfd_create, memfd_secret, shmget, msgget, mq_open.
_CALLS = {
    "x86_64": (0xC000003E, 56, 435, 41,
               [101, 165, 166, 155, 161, 272, 308, 250, 248, 249, 321, 298, 310, 311, 323, 425,
                304, 246, 175, 313, 442, 429, 428, 430, 103, 319, 447, 29, 68, 240]),
    "aarch64": (0xC00000B7, 220, 435, 198,
                [117, 40, 39, 41, 51, 97, 268, 219, 217, 218, 280, 241, 270, 271, 282, 425,
                 265, 104, 105, 273, 442, 429, 428, 430, 116, 279, 447, 194, 186, 180]),
}  # fmt: skip
# Unix, IPv4, IPv6 and netlink are confined by the network namespace; others (a virtual machine's vsock) are not.
_FAMILIES = (1, 2, 10, 16)
PAGE = os.sysconf("SC_PAGE_SIZE")
LOOK = 0.02
INODES = 10_000


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def own_namespaces() -> None:
    """Leave the parent's user, mount, network and ipc namespaces, and its process namespace from the next fork on."""
    uid, gid = os.getuid(), os.getgid()
    _check(_LIBC.unshare(NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)


def own_files(scratch: str, megabytes: int) -> None:
    """Mount empty folders of its own wherever something can be written, and nothing over /proc and the terminals.

    No process, not even this one, can be looked at, and no two submissions share a place to write to.
    """
    _check(_LIBC.unshare(NEWNS), "unshare")  # the warden goes on seeing /proc, by which it watches
    _check(_LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
    options = f"size={megabytes}m,nr_inodes={INODES},mode=0700".encode()
    for place in (scratch, "/tmp", "/dev/shm", os.environ["HOME"]):
        below = {python for python in (sys.prefix, sys.base_prefix) if Path(python).is_relative_to(place)}
        kept = {python: os.open(python, os.O_PATH) for python in below}
        _check(_LIBC.mount(b"tmpfs", place.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options), f"mount {place}")
        _keep(place, kept)
    for place in ("/proc", "/dev/pts"):
        flags = MS_NOSUID | MS_NODEV | MS_RDONLY
        _check(_LIBC.mount(b"tmpfs", place.encode(), b"tmpfs", flags, b"size=4k"), f"cover {place}")
    os.chdir(scratch)


def _keep(place: str, kept: dict[str, int]) -> None:
    """Show folders below `place` again, by their handles: read-only as they were, and so is the way to them."""
    tops = {str(Path(place, Path(python).relative_to(place).parts[0])) for python in kept} - set(kept)
    for top in tops:
        Path(top).mkdir()
        _check(_LIBC.mount(b"tmpfs", top.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"size=64k"), f"mount {top}")
    for python, handle in kept.items():
        Path(python).mkdir(parents=True, exist_ok=True)
        source = f"/proc/self/fd/{handle}".encode()
        _check(_LIBC.mount(source, python.encode(), None, MS_BIND | MS_REC, None), f"keep {python}")
        os.close(handle)
    for top in tops:
        flags = MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV
        _check(_LIBC.mount(b"tmpfs", top.encode(), b"tmpfs", flags, None), f"close {top}")


def give_up_power() -> None:
    """Drop every capability for good: nothing can be mounted, no namespace entered, no other process traced."""
    for capability in range(64):
        _LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    _check(_LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(_LIBC.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    forbid()


def forbid() -> None:
    """Refuse the system calls that open ways out: new namespaces, mounts, tracing, keys, and the like (seccomp)."""
    machine = os.uname().machine
    if machine not in _CALLS:
        raise OSError(f"no list of system calls for {machine}; the sandbox knows {', '.join(_CALLS)}")
    audit, clone, clone3, socket_, refused = _CALLS[machine]
    load, equal, set_, return_ = 0x20, 0x15, 0x45, 0x06
    deny, missing, kill = 0x00050001, 0x00050026, 0x80000000  # EPERM, ENOSYS, end the process
    program = [(load, 0, 0, 4), (equal, 1, 0, audit), (return_, 0, 0, kill), (load, 0, 0, 0)]
    if machine == "x86_64":  # the x32 numbers would walk around the list
        program += [(0x35, 0, 1, 0x40000000), (return_, 0, 0, deny)]
    for number in refused:
        program += [(equal, 0, 1, number), (return_, 0, 0, deny)]
    # clone3 hides its flags in memory: libraries fall back to clone, whose flags can be seen.
    program += [(equal, 0, 1, clone3), (return_, 0, 0, missing)]
    program += [(equal, 0, 3, clone), (load, 0, 0, 16), (set_, 0, 1, ALL_NEW), (return_, 0, 0, deny)]
    program += [(load, 0, 0, 0), (equal, 0, 2 + len(_FAMILIES), socket_), (load, 0, 0, 16)]
    program += [(equal, len(_FAMILIES) - place, 0, family) for place, family in enumerate(_FAMILIES)]
    program += [(return_, 0, 0, deny)]
    program += [(return_, 0, 0, 0x7FFF0000)]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    memory = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(memory)))
    _check(_LIBC.prctl(PR_SET_SECCOMP, 2, header, 0, 0), "seccomp")


def limit(limits: dict) -> None:
    """Set the limits of this process and its children.

    `data_mb` bounds private writable memory (what is mapped and never touched, as torch does, is not counted as long
    as it is not writable), `cpu_s` processor seconds, `processes` processes and threads, `files` open files,
    `file_mb` the size of a file.
    """
    both = {
        resource.RLIMIT_DATA: limits["data_mb"] * 2**20,
        resource.RLIMIT_CPU: limits["cpu_s"] + 5,  # the warden comes first, and says so
        resource.RLIMIT_NOFILE: limits["files"],
        resource.RLIMIT_FSIZE: limits["file_mb"] * 2**20,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for kind, value in both.items():
        resource.setrlimit(kind, (value, value))


def confined(
    limits: dict, scratch: str, body: Callable[[], None], report: Callable[[str], None], wanted: Callable[[], bool]
) -> None:
    """Run `body` as the first process of its own namespaces, and watch over it from outside until it ends.

    Call in a freshly forked process, which becomes the warden; `report` is told in a word why the process ended.
    The process is ended as soon as `wanted()` is false: nothing outlives the examiner's interest.
    """
    own_namespaces()
    first = os.fork()
    if first == 0:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        try:
            own_files(scratch, limits["file_mb"])
            limit(limits)
            give_up_power()
        except OSError as error:
            report(f"sandbox: {error}")
            os._exit(1)
        try:
            body()
        finally:
            os._exit(0)
    report(_watch(first, limits, wanted))


def watched(
    limits: dict, scratch: str, body: Callable[[], None], report: Callable[[str], None], wanted: Callable[[], bool]
) -> None:
    """Run `body` as `confined` does, under the same limits, but in no namespace of its own: it may see everything."""
    place = tempfile.mkdtemp(dir=scratch)
    first = os.fork()
    if first == 0:
        os.setsid()
        os.environ["HOME"] = place
        os.chdir(place)
        limit(limits)
        try:
            body()
        finally:
            os._exit(0)
    why = _watch(first, limits, wanted)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(first, signal.SIGKILL)
    shutil.rmtree(place, ignore_errors=True)
    report(why)


def _watch(first: int, limits: dict, wanted: Callable[[], bool]) -> str:
    """Wait for the namespace's first process; kill it where all its processes together use too much."""
    while True:
        done, status = os.waitpid(first, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                number = os.WTERMSIG(status)
                return "cpu" if number == signal.SIGXCPU else f"signal {number}"
            return "ended"
        resident, processes, processor = _usage(first, limits["processes"])
        why = ""
        if processes > limits["processes"]:
            why = "processes"
        elif resident > limits["memory_mb"] * 2**20:
            why = "memory"
        elif processor > limits["cpu_s"]:
            why = "cpu"
        elif not wanted():
            why = "hung up"
        if why:
            os.kill(first, signal.SIGKILL)  # the kernel then ends the whole process namespace
            os.waitpid(first, 0)
            return why
        time.sleep(LOOK)


def _usage(first: int, most: int) -> tuple[int, int, float]:
    """Return resident bytes, processes and threads, and processor seconds of a process and its descendants.

    Where there are more than `most`, no more are looked at: a fork bomb is ended before it has grown.
    Pages shared with the warm process are counted once for each process: the limit is on the safe side.
    """
    resident, processes, ticks = 0, 0, 0
    waiting = [first]
    while waiting and processes <= most:
        pid = waiting.pop()
        try:
            process = Path(f"/proc/{pid}")
            resident += int((process / "statm").read_text().split()[1]) * PAGE
            fields = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
            processes += int(fields[17])
            ticks += sum(map(int, fields[11:15]))
            for thread in (process / "task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            if pid == first:  # not waited for yet, so it must be there
                raise OSError(f"process {pid} cannot be watched") from None
    return resident, processes, ticks / os.sysconf("SC_CLK_TCK")
