"""One command of the program, run in a process of its own that is forked from the tests' process.

A fork has every module imported already, so that a command takes some 20 ms instead of 300 ms. What a command imports,
and how long it takes to start, is tested in tests/architecture and tests/benchmarks with new interpreters.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from subprocess import CompletedProcess

from detector.cli import main
from tests.rig.processes import TIMEOUT


def run_command(
    *arguments: str, env: Mapping[str, str] | None = None, only_env: bool = False, stdin: str = ""
) -> CompletedProcess[str]:
    """Run `turntoward ARGUMENTS` to its end and return its exit code and what it wrote.

    `env` is added to ours; with `only_env` it takes its place.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        child = os.fork()
        if not child:
            for number, file in enumerate((given, out, err)):
                os.dup2(file.fileno(), number)
            os._exit(_call(arguments, env or {}, only_env=only_env))
        code = _wait(child)
        out.seek(0)
        err.seek(0)
        return CompletedProcess(["turntoward", *arguments], code, out.read().decode(), err.read().decode())


def _call(arguments: tuple[str, ...], env: Mapping[str, str], *, only_env: bool) -> int:
    if only_env:
        os.environ.clear()
    os.environ.update(env)
    time.tzset()
    # What pytest put in their place goes to its own files.
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(os.fdopen(number, mode, closefd=False), encoding="utf-8", write_through=True)
        for number, mode in ((0, "rb"), (1, "wb"), (2, "wb"))
    )
    sys.argv = ["turntoward", *arguments]
    code = 70
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def _wait(child: int) -> int:
    ends = time.monotonic() + TIMEOUT
    while time.monotonic() < ends:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError(f"the command did not end within {TIMEOUT:g} s")
