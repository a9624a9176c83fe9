# Another boot, with the service enabled: it came up by itself, and before the network.
import os

from vm import active, prop, run, show, steering, test, wait_for


def since_boot(unit, name):
    return int(prop(unit, name + "Monotonic"))


def wait_for_both():
    wait_for("both units are up", lambda: active("nacld") and active("nacld-steering"))


@test
def enabled_it_is_up_after_boot():
    wait_for_both()
    assert prop("nacld", "NRestarts") == "0"
    assert steering()["matches"] and show()["mode"] == "monitor"
    assert os.path.exists("/var/lib/nacld/last-good.conf")


@test
def the_steering_stands_before_the_network():
    wait_for_both()
    steered = since_boot("nacld-steering", "ActiveEnterTimestamp")
    assert 0 < since_boot("nacld", "ActiveEnterTimestamp") <= steered
    assert steered <= since_boot("network-pre.target", "ActiveEnterTimestamp")


@test
def boot_has_no_circle_and_no_failed_unit():
    assert run("systemctl", "--failed", "--plain", "--no-legend") == ""
    assert "ordering cycle" not in run("journalctl", "-b", "--no-pager", "-o", "cat")
