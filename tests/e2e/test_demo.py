# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration itself: as root, as an ordinary user, and where a user may not."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

from lib import BUILD, REPO, TOOLS, wait_until

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
STEPS = 9


@pytest.fixture
def copy():
    """What the demonstration needs, where any user may read it: a clone may lie in /root."""
    with tempfile.TemporaryDirectory(prefix="nacld-demo-test-", dir="/tmp") as folder:
        top = pathlib.Path(folder)
        top.chmod(0o755)
        (top / "build/tools/usr/sbin").mkdir(parents=True)
        shutil.copytree(REPO / "tests/demo", top / "tests/demo")
        for name in ("nacld", "naclctl"):
            shutil.copy(BUILD / name, top / "build")
        shutil.copy(TOOLS / "usr/sbin/nginx", top / "build/tools/usr/sbin")
        yield top


@pytest.fixture
def nobody():
    """The command prefix that makes an ordinary user of root."""
    if subprocess.run([*NOBODY, "true"], capture_output=True, check=False).returncode:
        pytest.skip("one user only in this user namespace: nobody else to be")
    return NOBODY


def demo(top, *prefix, **env):
    home = {"HOME": "/nonexistent", "TMPDIR": "/tmp", **env}
    return subprocess.run([*prefix, top / "tests/demo/run", top / "build"], text=True, timeout=180,
                          capture_output=True, env={**os.environ, **home}, cwd="/", check=False)


def assert_story(done):
    """Every step is told, its counters are there, and each claim held."""
    text = done.stdout
    assert done.returncode == 0, text + done.stderr
    assert [int(n) for n in re.findall(r"^(\d+)\. ", text, re.M)] == list(range(1, STEPS + 1))
    assert "NOT SO" not in text
    assert f"All {STEPS} steps went as they should" in text
    assert text.count("hello from nginx on the server") == 5
    assert text.count("hello from nginx on the client") == 1
    assert text.count("curl: (28)") == 4, "its wording of a timeout varies"
    assert re.search(r"outbound +\* +deny everything else +[1-9]\d* packets?  DROPPED", text)
    assert re.search(r"dropped out tcp 192\.0\.2\.1:443 -> 192\.0\.2\.2:\d+ \(web outbound rule \*\)", text)
    assert re.search(r"Missing: .*ephemeral", text)
    assert "\x1b" not in text, "colour without a terminal"


def test_as_root(copy):
    assert_story(demo(copy))


def test_as_an_ordinary_user(copy, nobody):
    if subprocess.run([*nobody, "unshare", "-Urn", "ip", "link", "set", "lo", "up"],
                      capture_output=True, check=False).returncode:
        pytest.skip("users may not make namespaces on this machine")
    assert_story(demo(copy, *nobody))


def test_where_a_user_may_not_it_prints_the_sudo_line(copy, nobody):
    """A user namespace that allows no further one, entered without any capability."""
    forbid = ["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c",
              'echo 0 >/proc/sys/user/max_user_namespaces && '
              'exec setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all "$@"', "sh"]
    done = demo(copy, *nobody, *forbid)
    if "max_user_namespaces" in done.stderr or "unshare failed" in done.stderr:
        pytest.skip(f"cannot forbid namespaces here: {done.stderr.strip()}")
    assert done.returncode == 1
    assert "sudo make demo" in done.stdout
    assert "1. " not in done.stdout


def test_a_step_that_does_not_behave_fails_the_demonstration(copy):
    """The claims are checked, not told: let the classic mistake be no mistake,
    and step 2 (the last one here) fails."""
    story = copy / "tests/demo/story"
    text = story.read_text()
    wrong = text.replace('policy "$web_in" "$(allow 100 tcp 443)"', 'policy "$web_in" "$(allow 100 tcp all)"')
    assert wrong != text
    story.write_text(wrong[:wrong.index('step "Why? Ask')] + wrong[wrong.index("kill -TERM"):])
    done = demo(copy)
    assert done.returncode == 1
    assert "NOT SO  curl times out" in done.stdout
    assert re.search(r"1 of 2 steps did not go as they should", done.stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_interrupted_it_leaves_nothing_behind(copy, number):
    """Ctrl-C reaches the whole process group; SIGKILL only the command itself."""
    output = copy / "output"
    with open(output, "w", encoding="utf-8") as file:
        # A shell's background job inherits SIGINT as ignored, and no shell can trap what it found ignored.
        story = subprocess.Popen(["env", "--default-signal=INT", copy / "tests/demo/run", copy / "build"], stdout=file,
                                 stderr=subprocess.STDOUT, start_new_session=True)
    wait_until(lambda: "\n2. " in output.read_text(), "the second step")
    assert processes(copy), "nothing was running"
    (os.killpg if number == signal.SIGINT else os.kill)(story.pid, number)
    assert story.wait(30) != 0
    wait_until(lambda: not processes(copy), "every process is gone")
    assert "\n4. " not in output.read_text()


def processes(top):
    """Command lines that name a file of the copy."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(top) in line:
            found.append(line)
    return found


def test_a_daemon_that_ends_badly_fails_the_demonstration(copy):
    """Its exit status counts: a sanitizer's report at the end must not go by. (Step 1 is enough.)"""
    story = copy / "tests/demo/story"
    text = story.read_text()
    story.write_text(text[:text.index('step "The classic mistake')] + text[text.index("kill -TERM"):])
    (copy / "build/nacld").rename(copy / "build/nacld.real")
    wrapper = copy / "build/nacld"
    wrapper.write_text('#!/bin/sh\n"$0.real" "$@" &\nchild=$!\n'
                       'trap "kill -TERM $child" TERM\nwait $child\nwait $child\nexit 99\n')
    wrapper.chmod(0o755)
    done = demo(copy)
    assert done.returncode == 1
    assert "NOT SO" not in done.stdout
    assert "nacld ended with status 99" in done.stdout
