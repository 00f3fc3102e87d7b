"""Takes rights from the process that calls it: namespaces, a root folder of its own, limits."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilth.tasks.code.sandbox import seccomp
else:
    import seccomp

Limits = dict[str, int]

WORK = "/tilth"
"""The only folder that can be written to, in memory, gone with the namespace; `/tmp` leads to it."""

_USUAL = "/tmp"  # noqa: S108 - a name in the new root
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/gnu/store")
# Any folder that exists everywhere and holds nothing that is needed: the new root is mounted over it.
_STAGE = "/sys"
_FIRST_UID = 1_900_000_000  # systemd's table of user ids leaves 1,879,048,192 to 2,147,483,646 unused
_NOBODY = 65534

_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_PIDS, _NEW_NETWORK = (
    0x20000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXEC, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38
_CAPABILITY_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    """The kernel refuses a step without which nothing may run. The message names it."""


def _must(what: str, done: int) -> None:
    if done != 0:
        raise Refused(f"{what} ({os.strerror(ctypes.get_errno())})")


def enter(limits: Limits, parent: int) -> None:
    """Moves this process into namespaces of its own: no network, no files but libraries and `WORK`.

    What it starts afterwards is process 1 of a process namespace and ends when that one ends. This process
    itself ends with `parent`.

    Raises:
        Refused: A step that the kernel or the container does not allow.
    """
    apart = _NEW_MOUNTS | _NEW_IPC | _NEW_PIDS | _NEW_NETWORK
    if os.geteuid() == 0:
        _must("namespaces to root without CAP_SYS_ADMIN", _libc.unshare(apart))
    else:
        uid, gid = os.geteuid(), os.getegid()
        _must("user namespaces", _libc.unshare(apart | _NEW_USER))
        try:
            for name, text in (
                ("setgroups", "deny"),
                ("uid_map", f"{uid} {uid} 1"),
                ("gid_map", f"{gid} {gid} 1"),
            ):
                with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                    file.write(text)
        except OSError as error:
            raise Refused(f"user namespaces: {name} ({error.strerror})") from error
    end_with_parent()
    if os.getppid() != parent:
        os._exit(1)
    _change_root(limits)


def end_with_parent() -> None:
    """Has the kernel kill this process when the one that started it ends."""
    _must("ending with the parent", _libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def new_process_namespace() -> None:
    """What this process starts next is process 1 of another process namespace, and sees none but its own."""
    _must("a second process namespace", _libc.unshare(_NEW_PIDS))


def spare_uid() -> int:
    """A user id that nobody has, for what root starts."""
    return _FIRST_UID + os.getpid()


def drop(limits: Limits, uid: int) -> None:
    """Sets the limits and gives up every privilege, for good. `uid` is who root becomes.

    Raises:
        Refused: A step that the kernel does not allow.
    """
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["files"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, limits["processes"] + 6),  # those of the sandbox count
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    if os.geteuid() == 0:
        _become(uid)
    head, none = struct.pack("Ii", _CAPABILITY_VERSION, 0), struct.pack("6I", 0, 0, 0, 0, 0, 0)
    _must("giving up capabilities", _libc.capset(head, none))
    _must("no_new_privs", _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
    _must("hiding memory", _libc.prctl(_DUMPABLE, 0, 0, 0, 0))
    end_with_parent()
    if not seccomp.install(_libc):
        raise Refused(f"a seccomp filter ({os.strerror(ctypes.get_errno())})")


def _become(uid: int) -> None:
    try:
        os.setgroups([])
        try:
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        except OSError:  # a container may map fewer users
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError as error:
        raise Refused(f"becoming another user than root ({error.strerror})") from error


def _change_root(limits: Limits) -> None:
    """Makes a folder in memory the root, with libraries to read, `WORK` to write to, and nothing else."""
    os.umask(0o022)
    _mount("private mounts", None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("a root folder in memory", "tmpfs", _STAGE, "tmpfs", _NO_SETUID | _NO_DEVICES, "size=1m,mode=755")
    try:
        sources = list(_sources())
        for source in sources:
            target = _STAGE + source
            if os.path.islink(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.symlink(os.readlink(source), target)
                continue
            if os.path.isdir(source):
                os.makedirs(target)
            else:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "x", encoding="ascii"):
                    pass
            _mount(f"the libraries in {source}", source, target, None, _BIND | _RECURSIVE)
        for point in _mounts():
            if any(f"{point}/".startswith(f"{_STAGE}{source}/") for source in sources):
                _seal(point)
        os.mkdir(_STAGE + WORK)
        if not os.path.lexists(_STAGE + _USUAL):  # where Python itself lies below it, it stays read-only
            os.symlink(WORK, _STAGE + _USUAL)
        size = f"size={limits['files']},nr_inodes=1000,mode=1777"
        _mount(
            "a folder in memory", "tmpfs", _STAGE + WORK, "tmpfs", _NO_SETUID | _NO_DEVICES | _NO_EXEC, size
        )
        _seal(_STAGE)
        os.chdir(_STAGE)
        pivot = _PIVOT_ROOT[os.uname().machine]
        _must("another root folder", _libc.syscall(ctypes.c_long(pivot), b".", b"."))
        _must("leaving the old root folder", _libc.umount2(b".", _DETACH))
        os.chdir(WORK)
    except OSError as error:
        raise Refused(f"a root folder of its own: {error.filename} ({error.strerror})") from error


def _sources() -> Iterator[str]:
    """Folders that hold the standard library and what it links to, none within another."""
    ours = [os.path.join(sys.base_prefix, "lib"), os.path.join(sys.base_prefix, sys.platlibdir), *sys.path]
    taken: list[str] = []
    for path in sorted({*_LIBRARIES, *ours}):
        if os.path.exists(path) and not any(path.startswith(f"{other}/") for other in taken):
            taken.append(path)
            yield path


def _mounts() -> list[str]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        points = [line.split(" ")[4] for line in file]
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        points = [point.replace(code, sign) for point in points]
    return points


def _seal(point: str) -> None:
    """Makes a mount read-only, keeping what the kernel does not let anyone take off it."""
    flags = _BIND | _REMOUNT | _READ_ONLY | _NO_SETUID | _NO_DEVICES
    if os.statvfs(point).f_flag & os.ST_NOEXEC:
        flags |= _NO_EXEC
    _mount(f"{point.removeprefix(_STAGE) or '/'} read-only", None, point, None, flags)


def _mount(
    what: str, source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    def text(value: str | None) -> bytes | None:
        return None if value is None else os.fsencode(value)

    done = _libc.mount(text(source), text(target), text(kind), ctypes.c_ulong(flags), text(options))
    _must(what, done)
