"""Files that mean harm: refused within a second and 100 MB, with line and column."""
import json
import re
import resource
import subprocess
import sys
import time

from lib import BUILD, NACLCTL, Skip, naclctl, scratch

SECONDS = 1.0  # of the processor: the machine may be busy


def refused(data, words, at=r"stdin:\d+:\d+:", *args):
    """CPU time and peak memory are the kernel's own counts for the child."""
    script = ("import resource, subprocess, sys\n"
              "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)\n"
              "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
              "print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss, len(done.stdout))\n")
    done = subprocess.run([sys.executable, "-c", script, NACLCTL, "import", *args], input=data, capture_output=True,
                          timeout=60)
    status, cpu, kib, printed = done.stdout.split()
    err = done.stderr.decode()
    assert int(status) == 2 and int(printed) == 0, (done.stdout, err[:500])
    assert words in err and re.search(at, err), err[:500]
    assert "san" in BUILD.name or (float(cpu) < SECONDS and int(kib) < 100 * 1024), done.stdout


def test_json():
    refused(b"[" * 10_000_000, "more than 400000 values", "stdin:1:")
    refused(b"[" * 300_000, "depth", "stdin:1:")
    refused(b'{"a":' * 10_000_000, "more than 32 MiB", "stdin:1:")
    refused(b"[" * 200 + b"]" * 200, "nested more than 100 deep", "stdin:1:101:")
    refused(b"[" + b"0," * 5_000_000 + b"0]", "more than 400000 values")
    refused(b'{"NetworkAcls": [], "NetworkAcls": []}', "duplicate", "stdin:1:")
    refused(b'{"a": 1,\n "b": {"c": 1, "c": 2}}', "duplicate", "stdin:2:")
    refused(b'{"NetworkAcls": [{"Entries": [{"RuleNumber": 123456789012345678901234567890}]}]}', "too big integer")
    refused(b'{"a": 1e999}', "overflow")
    refused(b'{"NetworkAcls":\n "\xe9"}', "decode byte 0xe9", "stdin:2:")
    refused(b'{"NetworkAcls": "\\u0000"}', "not allowed")
    refused(b'{"NetworkAcls": [', "no JSON", "stdin:1:")
    refused(b'{"NetworkAcls": []} x', "no JSON", "stdin:1:")
    refused(b'{"NetworkAcls": [],}', "no JSON")
    refused(b"", "empty")
    refused(b" \n ", "empty")
    refused(b"\0" * 100, "no YAML")


def test_yaml():
    refused(b"a: " + b"[" * 10_000_000, "nested more than 100 deep", "stdin:1:")
    refused(b"- " * 5_000_000, "nested more than 100 deep", "stdin:1:")
    refused(b"? " * 5_000_000, "a key that is a list or a map", "stdin:1:")
    refused(b"a: [" + b"b," * 8_000_000 + b"]", "more than 400000 values")
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20))
    refused(laughs.encode(), "alias", "stdin:2:8:")
    refused(b"base: &b {a: 1}\nx:\n  <<: *b\n", "merge key", "stdin:3:3:")
    refused(b"a: 1\nb: 2\na: 3\n", "stands twice", "stdin:3:4:")
    refused(b"a: 1\nb: \xe9\xe9\n", "no YAML", "stdin:2:")
    refused(b"a: !!binary aGk=\n", "cannot be read", "stdin:1:4:")
    refused(b"a: [1\nb: 2\n", "no YAML")
    refused(b"".join(b"k%d: x\n" % i for i in range(500_000)), "more than 400000 values")


def test_errors_control_no_terminal():
    for text in (b'{"a\x1b[2J\x01": 1}', b'{"a": \x1b[31m}', "{\"a\": 1, \u202e}".encode(), b"a: &x 1\nb: *\x7f\n",
                 b'"\\e[2J": 1\n"\\e[2J": 2\n', b"a: !<!\x1b> 1\n", b'{"NetworkAcls": [{"NetworkAclId": "\\u001b[2J"}]}'):
        done = naclctl("import", stdin=text)
        assert done.status == 2 and done.err.strip(), done
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.err), (text, done.err)


def test_large_files():
    with scratch() as folder:
        huge = folder / "huge.json"
        with open(huge, "wb") as file:
            file.write(b'{"NetworkAcls": [\n')
            file.truncate(1 << 30)  # a gigabyte of NULs
        begin = time.process_time()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = naclctl("import", str(huge))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.status == 2 and "more than 32 MiB" in done.err and re.search(r"huge.json:2:\d+:", done.err), done
        assert "san" in BUILD.name or after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime < SECONDS
        assert time.process_time() - begin < SECONDS
        assert naclctl("import", str(folder)).status == 2  # a folder


def test_memory_that_runs_out():
    """Every size of address space: an answer or "out of memory", never a crash."""
    if "san" in BUILD.name:
        raise Skip("a sanitizer has an allocator and a look at /proc of its own")
    entries = [{"RuleNumber": i + 1, "Egress": False, "RuleAction": "allow", "Protocol": "6", "CidrBlock": "0.0.0.0/0",
                "PortRange": {"From": 443, "To": 443}} for i in range(20000)]
    text = json.dumps({"NetworkAcls": [{"NetworkAclId": "acl-1", "Entries": entries}]}).encode()

    def limited(megabytes):
        return lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    seen = set()
    for megabytes in range(12, 140, 4):
        done = subprocess.run([NACLCTL, "import", "--host"], input=text, capture_output=True, timeout=60,
                              preexec_fn=limited(megabytes))
        assert done.returncode in (0, 2, 127), (megabytes, done.returncode, done.stderr[:300])
        seen.add((done.returncode, b"emory" in done.stderr))
        if done.returncode == 2:
            assert done.stdout == b"" and b"emory" in done.stderr, (megabytes, done.stderr[:300])
    assert (0, False) in seen and (2, True) in seen, seen
