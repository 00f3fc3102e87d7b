"""Takes system calls from the process that calls it: what opens networks, namespaces or kernel bugs."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

# Number on x86-64 and on 64-bit ARM, from the kernel's tables. Memory that no limit counts, ways to more
# rights, and what no function of the standard library needs.
_DENIED = {
    "socket": (41, 198),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "ptrace": (101, 117),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "perf_event_open": (298, 241),
    "setns": (308, 268),
    "memfd_create": (319, 279),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "memfd_secret": (447, 447),
}
_CLONE, _CLONE3 = (56, 220), 435
_NEW_NAMESPACES = 0x7E020000
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16
_PR_SET_SECCOMP, _FILTER = 22, 2


def known() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return os.uname().machine in _MACHINES and struct.calcsize("P") == 8


def program() -> bytes:
    """The filter, as instructions of the classic BPF machine.

    What is denied fails with EPERM; `clone3`, whose flags a filter cannot see, with ENOSYS, upon which the
    C library turns to `clone`; calls by the numbers of another architecture end the process.
    """
    column, audit = _MACHINES[os.uname().machine]
    body: list[tuple[int, int | str, int | str, int]] = [
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, "denied", 0, 0x40000000),
    ]
    body += [(_EQUAL, "denied", 0, numbers[column]) for numbers in _DENIED.values()]
    body += [
        (_EQUAL, "unknown", 0, _CLONE3),
        (_EQUAL, 0, "allowed", _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, "denied", "allowed", _NEW_NAMESPACES),
    ]
    start = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _KILL)]
    ends = {
        "allowed": _ALLOW,
        "denied": _ERROR | errno.EPERM,
        "unknown": _ERROR | errno.ENOSYS,
    }
    places = {name: len(body) + index for index, name in enumerate(ends)}
    coded = [
        (code, *(places[jump] - place - 1 if isinstance(jump, str) else jump for jump in jumps), value)
        for place, (code, *jumps, value) in enumerate(body)
    ]
    returns = [(_RETURN, 0, 0, value) for value in ends.values()]
    return b"".join(struct.pack("HBBI", *line) for line in (*start, *coded, *returns))


def install(libc: ctypes.CDLL) -> bool:
    """Puts the filter on this process and all it starts, for good; needs `no_new_privs`. Whether it could."""
    code = program()
    lines = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(lines))
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, head, 0, 0) == 0)
