# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults in a daemon that is otherwise as built: memory that is not to be had, a clock that jumps, small
socket buffers, a slow worker. See faults.c, which is loaded into it."""

import mmap
import struct
import subprocess

import pytest

from lib import BUILD
from services import NACLD, Nacld

SHIM = BUILD / "tests" / "faults.so"
FIELDS = ("allocations", "live", "fail_at", "fail_all", "failed", "clock_s", "slept_s", "small_buffer",
          "slow_ms")
SIZE = 8


class Faults:
    """The shared page: each field of faults.c's struct can be read and set."""

    def __init__(self, path):
        path.write_bytes(bytes(mmap.PAGESIZE))
        self.__dict__["path"] = path
        with open(path, "r+b") as file:
            self.__dict__["page"] = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def __getattr__(self, name):
        return struct.unpack_from("q", self.page, FIELDS.index(name) * SIZE)[0]

    def __setattr__(self, name, value):
        struct.pack_into("q", self.page, FIELDS.index(name) * SIZE, value)


def sanitized():
    """Is this the build of `make san`?"""
    linked = subprocess.run(["ldd", NACLD], capture_output=True, text=True, timeout=20, check=True).stdout
    return "libasan" in linked


def skip_under_a_sanitizer():
    """Where memory is counted or made to fail, or /proc is gone."""
    if sanitized():
        pytest.skip("a sanitizer has an allocator and a look at /proc of its own")


def faulty(ns, conf, *args, prefix=(), faults=None, **more):
    """A daemon with faults to come, and what brings them on; `faults`: already in force at its start."""
    skip_under_a_sanitizer()
    assert SHIM.exists(), f"make {SHIM}"
    page = Faults(ns.topology.tmp / "faults")
    for name, value in (faults or {}).items():
        setattr(page, name, value)
    env = ("env", f"LD_PRELOAD={SHIM}", f"NACLD_FAULTS={page.path}")
    return Nacld(ns, conf, *args, prefix=(*prefix, *env), **more), page
