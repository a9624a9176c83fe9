# Another boot, with the service enabled: it came up by itself, and before the network.
import os

from vm import prop, run, show, steering, test
from wire import wait_for_service


def since_boot(unit, name):
    return int(prop(unit, name + "Monotonic"))


@test
def enabled_it_is_up_after_boot():
    wait_for_service()
    assert prop("nacld", "NRestarts") == "0"
    assert steering()["matches"] and show()["mode"] == "enforce"
    assert os.path.exists("/var/lib/nacld/last-good.conf")


@test
def the_steering_stands_before_the_network():
    wait_for_service()
    steered = since_boot("nacld-steering", "ActiveEnterTimestamp")
    assert 0 < since_boot("nacld", "ActiveEnterTimestamp") <= steered
    assert steered <= since_boot("network-pre.target", "ActiveEnterTimestamp")
    assert steered <= since_boot("systemd-networkd", "ExecMainStartTimestamp")


@test
def boot_has_no_circle_and_no_failed_unit():
    assert run("systemctl", "--failed", "--plain", "--no-legend") == ""
    assert "ordering cycle" not in run("journalctl", "-b", "--no-pager", "-o", "cat")
