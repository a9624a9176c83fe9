"""What the tests of import and export share."""
import contextlib
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(sys.argv[1]).resolve()
NACLCTL = str(BUILD / "naclctl")
LIMIT_S = 60  # no command may take longer: a hang is a failure, not a stuck test run
ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TERM": "xterm"}
PACKETS = int(os.environ.get("INTEROP_PACKETS", "5000"))


class Skip(Exception):
    pass


class Done:
    """A command that ended: what it printed where, and its status."""

    def __init__(self, out, err, status):
        self.out, self.err, self.status = out, err, status

    def __repr__(self):
        return f"exit {self.status}\n--- stdout\n{self.out[:3000]}--- stderr\n{self.err[:3000]}"


def naclctl(*args, stdin=b"", cwd=None, limit=None):
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run([NACLCTL, *args], input=data, capture_output=True, env=ENV, timeout=LIMIT_S, cwd=cwd,
                          preexec_fn=limit)
    assert b"Sanitizer" not in done.stderr, done.stderr.decode()
    return Done(done.stdout.decode(), done.stderr.decode(), done.returncode)


def take(text, *args):
    """Imports a text; an object is JSON."""
    return naclctl("import", *args, stdin=text if isinstance(text, (str, bytes)) else json.dumps(text))


@contextlib.contextmanager
def scratch():
    path = tempfile.mkdtemp(prefix="nacl-interop-")
    try:
        yield pathlib.Path(path)
    finally:
        shutil.rmtree(path)


def check(config):
    """The configuration is one that nacld takes, and nothing but known words is said of it."""
    with scratch() as folder:
        (folder / "nacld.conf").write_text(config)
        return naclctl("check", "--print", str(folder / "nacld.conf"))


def verdicts(config, lines):
    """What `naclctl eval` says of packets, one (action, number) a line."""
    with scratch() as folder:
        (folder / "nacld.conf").write_text(config)
        done = naclctl("eval", "-f", str(folder / "nacld.conf"), "-", stdin="\n".join(lines) + "\n")
    assert done.status in (0, 1), done
    answers = [line.split() for line in done.out.splitlines()]
    assert len(answers) == len(lines), done
    return [(a[0], a[2]) for a in answers]


def memory_limit(megabytes):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    return limit
