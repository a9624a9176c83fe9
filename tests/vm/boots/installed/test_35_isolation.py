# isolation = "process" under the installed unit: a child judges, whatever the unit lets it give up.
import os

from restarts import drop_in, everything, serving, status
from vm import page, run, service, test

ISOLATED = 'isolation = "process";\n'


def child_of(pid):
    children = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            children += file.read().split()
    children = [child for child in children if open(f"/proc/{child}/comm").read() == "nacld-filter\n"]
    assert len(children) == 1, f"filtering processes: {children}"
    return int(children[0])


def fields(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def judged_by_a_child():
    pid = serving()
    child = child_of(pid)
    assert page()
    assert status()["isolation"] == "process"
    assert fields(child)["Seccomp"] == "2" and fields(child)["NoNewPrivs"] == "1"
    assert int(fields(child)["CapEff"], 16) == 0, "none is left where it is started"
    assert len(os.listdir(f"/proc/{child}/fd")) == 4
    return pid, child


@test
def a_child_judges_under_the_unit_as_it_is():
    with service(ISOLATED + everything()):
        pid, child = judged_by_a_child()
        run("naclctl", "reload")
        assert child_of(pid) != child, "a reload brings its own"
        assert page()
        os.kill(child_of(pid), 9)
        assert page() and serving() == pid


@test
def a_drop_in_lets_the_child_give_up_its_capabilities_and_namespaces():
    with drop_in("SystemCallFilter=capset unshare\nRestrictNamespaces=user net\n"), service(ISOLATED + everything()):
        pid, child = judged_by_a_child()
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(fields(child)[kind], 16) == 0, (kind, fields(child)[kind])
        for kind in ("net", "user"):
            assert os.readlink(f"/proc/{child}/ns/{kind}") != os.readlink(f"/proc/{pid}/ns/{kind}")
