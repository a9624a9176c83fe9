# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures: `net`, an empty Topology that is gone after the test, and `tool`, the iptables variants."""

import os
import subprocess

import pytest

from lib import BUILD, Topology


def pytest_report_header():
    return f"programs: {BUILD}"


@pytest.fixture
def net(tmp_path):
    """Namespaces and processes of one test. Failing or not, they are removed."""
    topology = Topology(tmp_path)
    try:
        yield topology
    finally:
        topology.close()


@pytest.fixture(params=["nft", "legacy"])
def tool(request):
    """Both iptables variants, where the kernel has them."""
    done = subprocess.run([f"iptables-{request.param}", "-t", "mangle", "-S"], capture_output=True,
                          text=True, timeout=20, check=False)
    if done.returncode:
        pytest.skip(f"this kernel has no iptables-{request.param}: {done.stderr.strip()}")
    return request.param


def pytest_sessionstart():
    if os.geteuid() != 0:
        pytest.exit("run tests/e2e/run BUILD: it makes the namespaces these tests need", 2)
