"""What bash, zsh and fish offer for the last word of a command line, each asked for real.

BUILD/completion holds the scripts; naclctl itself is found in BUILD.
"""
import contextlib
import os
import pathlib
import pty
import select
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
LIMIT_S = 60

BASH = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _naclctl; '
        'printf "%s\\n" "${COMPREPLY[@]}"')

# zsh completes in its line editor only: a terminal, a line, and every word that is given to compadd written down.
ZSH = r"""
fpath=($FOLDER $fpath)
autoload -Uz compinit
compinit -u -D
compadd() {
	local -a found
	builtin compadd -O found "$@"
	print -rl -- $found >>$FOLDER/found
	builtin compadd "$@"
}
offer() {
	BUFFER=$LINE_TO_COMPLETE
	CURSOR=$#BUFFER
	zle complete-word
	print >$FOLDER/done
	zle send-break
}
zle -N offer
bindkey '^X' offer
print ready
"""


def bash(build, words):
    done = subprocess.run(["bash", "--norc", "-c", BASH, "bash", str(build / "completion/naclctl.bash"), *words],
                          env=environment(build), cwd=HERE, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return set(done.stdout.split())


def fish(build, words):
    with tempfile.TemporaryDirectory() as home:
        script = 'source $argv[1]; complete -C "$argv[2]"'
        done = subprocess.run(["fish", "--no-config", "-c", script, str(build / "completion/naclctl.fish"),
                               " ".join(words)], env=environment(build) | {"HOME": home}, cwd=HERE, capture_output=True,
                              text=True, timeout=LIMIT_S)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return {line.split("\t")[0] for line in done.stdout.splitlines()}


def zsh(build, words):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "_naclctl").write_bytes((build / "completion/naclctl.zsh").read_bytes())
        (folder / ".zshrc").write_text(ZSH)
        extra = {"FOLDER": name, "ZDOTDIR": name, "HOME": name, "TERM": "dumb", "LINE_TO_COMPLETE": " ".join(words)}
        shell, terminal = pty.fork()
        if shell == 0:
            os.chdir(HERE)
            os.execvpe("zsh", ["zsh", "-d", "-i"], environment(build) | extra)
        try:
            said = until(terminal, lambda text: b"ready" in text)
            os.write(terminal, b"\x18")
            said += until(terminal, lambda text: (folder / "done").exists())
        finally:
            os.kill(shell, 9)
            os.waitpid(shell, 0)
            os.close(terminal)
        assert (folder / "done").exists(), said
        found = folder / "found"
        return set(found.read_text().split()) if found.exists() else set()


def until(terminal, holds):
    """Reads what the terminal says until that holds, or the time is up."""
    said, end = b"", time.monotonic() + LIMIT_S
    while not holds(said) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            with contextlib.suppress(OSError):
                said += os.read(terminal, 65536)
    return said


def environment(build):
    return {"PATH": f"{build}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
