# The machine was rebooted with a configuration that the daemon refuses, and on_failure = "drop" in the one that
# it accepted last: nothing passes, from the first moment until the file is repaired.
from vm import test
from wire import (assert_broken, assert_nothing_denied_was_delivered, counted, early,
                  from_the_denied_port, heard_by_peer, repair, wait_for_answers, wait_for_arrivals)


@test
def rebooted_with_a_broken_file_it_stays_closed():
    assert_broken()
    wait_for_arrivals()
    for kind in ("allowed", "denied"):
        assert counted("delivered", kind) == 0
        assert early()[kind] == {"udp4": 0, "udp6": 0}


@test
def repaired_it_opens_for_what_is_allowed():
    assert_broken()
    repair("drop")
    wait_for_answers()
    wait_for_arrivals()
    assert_nothing_denied_was_delivered()


@test
def the_shutdown_before_let_nothing_in():
    repair("drop")
    wait_for_answers()
    before = heard_by_peer(-2)
    assert before["udp4 7007"] > 0, "the peer remembers the boot before this one"
    assert from_the_denied_port(before) == {}
