"""Run as a script: ``tether.py PARENT PROGRAM ARGUMENT…`` becomes the program, and ends when the parent does.

Imports nothing of the warehouse: it is started before every child, and Python alone takes long enough.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGKILL at the death of the parent, and become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was gone before it was asked
            raise SystemExit(1)
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
