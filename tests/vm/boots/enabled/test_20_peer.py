# No unfiltered second: a peer on the cable has been sending since before the kernel was started, to a port
# that the ACL allows and to one that it denies, and a service of early boot listens to both.
from vm import rule, test, wait_for
from wire import (MANY, assert_nothing_denied_was_delivered, counted, early, wait_for_answers,
                  wait_for_arrivals)


@test
def what_is_allowed_comes_in_and_is_answered():
    wait_for_answers()
    assert early()["peer"][-1]["ticks"] > 0


@test
def nothing_denied_came_in_since_power_on():
    wait_for_answers()
    wait_for_arrivals()
    assert_nothing_denied_was_delivered()


@test
def every_packet_that_arrived_was_judged():
    wait_for_answers()
    wait_for_arrivals()
    arrived = counted("arrived", "denied")
    assert arrived >= MANY
    wait_for("each was judged", lambda: rule("inbound", "*")["packets"] >= arrived, 5)
