# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing that tests/deps installs may start or enable a service on the user's host.

For every package it names: the package ships no unit, no init script, or is on a short list that
says why its units are harmless. What would enable one (nginx) is unpacked, never installed.
"""

import pathlib
import re
import subprocess

import pytest

from lib import REPO, TOOLS

DEPS = REPO / "tests" / "deps"
SERVICE = re.compile(r"^/(usr/)?lib/systemd/system/.*\.(service|socket|timer|path)$|^/etc/init\.d/.|"
                     r"^/etc/(cron|rc)\S*/.")
# Package: why its units do no harm.
HARMLESS = {
    "systemd": "the service manager itself, there already on any host whose services it runs",
    "e2fsprogs": "of priority required, and so on every Debian host already, unless somebody took it away",
    "nftables": "nftables.service is shipped disabled: dh_installsystemd --no-enable --no-start",
}


def names(array):
    """{group: [package, ...]} of one of the two lists in tests/deps."""
    body = re.search(rf"declare -A {array}=\(\n(.*?)\n\)", DEPS.read_text(), re.S)[1]
    return {group: packages.split() for group, packages in re.findall(r'\[(\w+)\]="([^"]*)"', body)}


INSTALLED = sorted({p for group, packages in names("packages").items() if group not in ("vm", "afl") for p in packages})
UNPACKED = sorted({p for packages in names("unpacked").values() for p in packages})


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False).stdout


def is_installed(package):
    return output("dpkg-query", "-W", "-f", "${db:Status-Status}", package) == "installed"


def services(files):
    return [f for f in files if SERVICE.match(f)]


def test_the_lists_were_read():
    assert {"gcc", "nftables", "curl", "python3-scapy"} <= set(INSTALLED)
    assert {"nginx", "iperf3"} <= set(UNPACKED)
    assert not set(INSTALLED) & set(UNPACKED)


@pytest.mark.parametrize("package", INSTALLED)
def test_an_installed_package_brings_no_service(package):
    assert is_installed(package), f"{package} is missing: tests/deps was not run"
    shipped = services(output("dpkg", "-L", package).splitlines())
    if package in HARMLESS:
        assert shipped, f"{package} ships no service any more: take it off the list"
    else:
        assert shipped == [], f"{package} would bring {shipped}"


def test_what_may_start_something_is_there_already():
    assert output("dpkg-query", "-W", "-f", "${Priority}", "e2fsprogs") == "required"


@pytest.mark.parametrize("package", sorted(HARMLESS.keys() - {"e2fsprogs"}))
def test_the_harmless_ones_enable_nothing(package):
    """Their maintainer script starts nothing, and enables only what was installed and enabled before."""
    script = pathlib.Path(f"/var/lib/dpkg/info/{package}.postinst")
    text = script.read_text() if script.exists() else ""
    assert not re.search(r"deb-systemd-invoke (start|restart|\$)|invoke-rc\.d|update-rc\.d|systemctl start",
                         text), text
    for block in re.findall(r"# Automatically added by dh_installsystemd.*?# End automatically", text, re.S):
        if "deb-systemd-helper enable" in block:
            guard = block.index("if deb-systemd-helper debian-installed")
            assert guard < block.index("deb-systemd-helper enable"), block


@pytest.mark.parametrize("package", UNPACKED)
def test_what_is_unpacked_lies_in_build_tools(package):
    assert (TOOLS / "deb" / f"{package}.done").exists()
    assert package not in INSTALLED


def test_dependencies_of_the_unpacked_programs_are_there():
    """Unpacking brings no dependencies: what the programs are linked with must come from elsewhere."""
    library = next((TOOLS / "usr/lib").glob("*-linux-gnu"))
    for program in ("usr/sbin/nginx", "usr/bin/iperf3"):
        text = output("env", f"LD_LIBRARY_PATH={library}", "ldd", TOOLS / program)
        assert "=>" in text and "not found" not in text, text


def test_apt_is_told_to_start_nothing():
    """policy-rc.d answers 101 while packages are installed, so a dependency cannot start one either."""
    text = DEPS.read_text()
    assert "policy-rc.d" in text and "exit 101" in text
