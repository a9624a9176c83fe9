# SPDX-License-Identifier: GPL-2.0-or-later
"""The lessons, with the answers of docs/lessons.md: the prediction, what is not enough, what is."""

import os
import re
import subprocess

import pytest

from lib import BUILD, REPO
from test_lab import top  # noqa: F401  pylint: disable=unused-import

# Lesson: words typed that are not enough, and what the check says of them.
NOT_ENOUGH = {
    1: (["out 110 allow tcp 32768-60999"], "a client at port 1025 still waits"),
    2: (["out 110 allow tcp 32768-60999"], "a client at port 1025 still waits"),
    3: (["in 100 allow udp 32768-60999"], "replies are: TCP"),
    4: (["in 90 deny tcp 443", "del in 90"], "192.0.2.3 is kept out too"),
    5: (["private out 110 allow tcp 443 10.0.1.0/24"], "reply does not arrive"),
    6: (["in 110 allow tcp 8080"], "too big is dropped"),
}


def sheet():
    """{lesson: (prediction, [answers])}, as the teacher's sheet has them."""
    rows = re.findall(r"^\| (\d) [^|]*\| (\d) \|[^|]*\| (.*?) \|$", (REPO / "docs/lessons.md").read_text(), re.M)
    return {int(number): (guess, re.findall(r"`([^`]+)`", answers)) for number, guess, answers in rows}


def learn(top, number, progress, *lines):  # noqa: F811
    return subprocess.run([top / "tests/demo/run", BUILD, "learn", str(number)], input="\n".join([*lines, ""]), text=True,
                          timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env=os.environ | {"NO_COLOR": "1", "NACLD_LESSONS": str(progress)})


@pytest.mark.parametrize("number", NOT_ENOUGH)
def test_a_lesson_is_solved_by_the_sheets_answer_and_by_nothing_less(top, tmp_path, number):  # noqa: F811
    guess, answers = sheet()[number]
    typed, not_yet = NOT_ENOUGH[number]
    progress = tmp_path / "lessons"
    done = learn(top, number, progress, guess, *typed, *answers)
    text = done.stdout
    assert done.returncode == 0, text
    assert "You predicted it." in text, text
    assert re.search(rf"not yet: .*{re.escape(not_yet)}", text), text
    assert text.index("not yet: ") < text.index("right  "), text
    assert re.search(r"^ +[1-9]\d* packets  a reply: remembered$", text, re.M), "beside the stateful firewall: " + text
    assert progress.read_text() == f"{number}\n"


def test_a_wrong_prediction_is_told_and_an_unsolved_lesson_not_noted(top, tmp_path):  # noqa: F811
    progress = tmp_path / "lessons"
    done = learn(top, 1, progress, "1", "nonsense", "out 32767 allow tcp 1-2", "hint", "skip")
    assert "It is 3: nothing: it times out." in done.stdout, done.stdout
    assert "a rule is: in|out NUMBER" in done.stdout and "rule 32767 is" in done.stdout, done.stdout
    assert "macOS and Windows 49152-65535" in done.stdout
    assert not progress.exists()


def test_there_is_no_seventh(top, tmp_path):  # noqa: F811
    done = learn(top, 7, tmp_path / "lessons")
    assert done.returncode == 1 and "no lesson 7" in done.stdout
