# SPDX-License-Identifier: GPL-2.0-or-later
"""The laboratory: what it promises in its greeting holds in each of its networks, and nothing outlives it."""

import os
import pty
import shutil
import subprocess

import pytest

from lib import BUILD, REPO, TOOLS, wait_until

# A network: its page, and a change of its lists after which it loads.
LABS = {
    "pair": ("http://192.0.2.1:443/", "server", 's/"443"; destination/"1024-65535"; destination/'),
    "router": ("http://10.0.2.9:5432/", "database", 's/"5432"; *source/"5432"; source/'),
    "nat": ("http://192.0.2.1:8080/", "container", 's/ports = "80"/ports = "8080"/'),
}


@pytest.fixture
def top(tmp_path):
    """The programs in the places where make leaves them: the build under test may lie elsewhere."""
    if (REPO / "build/nacld").exists() and BUILD == REPO / "build":
        return REPO
    for name in ("tests/demo", "conf"):
        shutil.copytree(REPO / name, tmp_path / name)
    (tmp_path / "build/tools/usr/sbin").mkdir(parents=True)
    shutil.copy(TOOLS / "usr/sbin/nginx", tmp_path / "build/tools/usr/sbin")
    return tmp_path


def lab(top, kind, *lines):
    done = subprocess.run([top / "tests/demo/run", BUILD, "lab", kind], input="\n".join([*lines, "exit", ""]), text=True,
                          timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env=os.environ | {"NO_COLOR": "1"})
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("kind", LABS)
def test_a_saved_change_is_loaded_and_the_page_comes(top, kind):
    url, where, change = LABS[kind]
    fetch = f"client curl -sS --max-time 1.5 {url}; echo \"status $?\""
    text = lab(top, kind, fetch, f"sed -i '{change}' nacld.conf", "until grep -q reloaded live; do sleep 0.1; done",
               "echo now; " + fetch, "show | grep -c allow")
    before, after = text.split("\nnow\n")
    assert f"hello from nginx on the {where}" in after and "status 0" in after, text
    if kind != "router":  # where the lists are right from the beginning
        assert "status 28" in before and "dropped " in before, text


def test_a_broken_file_is_told_and_the_old_lists_stay(top):
    url, _, change = LABS["pair"]
    text = lab(top, "pair", f"sed -i '{change}' nacld.conf", "until grep -q reloaded live; do sleep 0.1; done",
               "echo nonsense >>nacld.conf", "until grep -q 'error: ' live; do sleep 0.1; done",
               f"client curl -sS --max-time 3 {url}")
    assert "nacld.conf:" in text and "hello from nginx on the server" in text, text


def test_another_network_is_refused(top):
    done = subprocess.run([top / "tests/demo/run", BUILD, "lab", "ring"], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 1 and "pair, router or nat" in done.stderr


def test_step_by_step_it_waits_for_a_key(top, tmp_path):
    """STEP=1: after the first step nothing happens until a key is pressed."""
    master, slave = pty.openpty()
    output = tmp_path / "output"
    with open(output, "w", encoding="utf-8") as file:
        story = subprocess.Popen([top / "tests/demo/run", BUILD], stdin=slave, stdout=file, stderr=subprocess.STDOUT,
                                 env=os.environ | {"STEP": "1", "NO_COLOR": "1"})
    os.close(slave)
    text = output.read_text
    try:
        wait_until(lambda: "a key goes on" in text(), "the first pause")
        assert "\n1. " in text() and "\n2. " not in text()
        os.write(master, b"x")
        wait_until(lambda: text().count("a key goes on") == 2, "the second pause")
        assert "\n2. " in text() and "\n3. " not in text()
    finally:
        story.kill()
        story.wait()
        os.close(master)
