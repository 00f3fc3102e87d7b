"""The program of a sandbox: confines itself, starts the tests' process, and kills it at the time limit."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time

# Here and in the files that this one imports: the program starts without site-packages, where there is no
# tilth, and loading typing takes some 7 ms, which each check would pay.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from tilth.tasks.code.sandbox import confine, tester
else:
    import confine
    import tester

_LONGEST = 65_536


def main() -> None:
    """Writes what came of the job in its input.

    Its arguments are the limits, the parent's process, and whether helpers of the question are needed.
    """
    ours = os.path.dirname(__file__)
    sys.path[:] = [path for path in sys.path if path != ours]  # the code is to find no file of ours
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a parent that ignores it hands that on
    limits: confine.Limits = json.loads(sys.argv[1])
    try:
        confine.enter(limits, parent=int(sys.argv[2]))
    except confine.Refused as error:
        outcome = json.dumps({"refused": str(error)})
    else:
        outcome = _examined(limits, helpers=sys.argv[3] == "helpers")
    os.write(1, outcome.encode("ascii"))


def _examined(limits: confine.Limits, *, helpers: bool) -> str:
    reads, writes = os.pipe()
    uid = confine.spare_uid()
    process = os.fork()
    if process == 0:
        try:
            os.close(reads)
            tester.main(writes, limits, uid, helpers=helpers)
        finally:
            os._exit(0)
    os.close(writes)
    os.close(0)
    told, late = _told(reads, time.monotonic() + limits["seconds"])
    # Process 1 of its namespace: all that was started in it ends with it, and before it is waited for.
    os.kill(process, signal.SIGKILL)
    _, _, used = os.wait4(process, 0)
    if late:
        return _outcome("rejected", "timed-out", f"does not end within {limits['seconds']} s")
    if not told and used.ru_utime + used.ru_stime > limits["cpu"] / 2:
        return _outcome("rejected", "timed-out", f"the tests take more than {limits['cpu']} s of CPU time")
    return told or _outcome("unverified", "untestable", "the tests end their own process")


def _outcome(verdict: str, cause: str, reason: str) -> str:
    return json.dumps({"verdict": verdict, "cause": cause, "reason": reason})


def _told(reads: int, deadline: float) -> tuple[str, bool]:
    """What was written until the other end closed, and whether the deadline came first."""
    data = b""
    while len(data) < _LONGEST:
        ready, _, _ = select.select([reads], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return "", True
        part = os.read(reads, _LONGEST)
        if not part:
            break
        data += part
    return data.decode("ascii", "replace"), False


if __name__ == "__main__":
    main()
