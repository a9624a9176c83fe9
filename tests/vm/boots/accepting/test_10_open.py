# The machine was rebooted with a configuration that the daemon refuses, and on_failure = "accept" in the one that
# it accepted last: all passes, by way of the queue nobody listens to, until the file is repaired.
from vm import steering, test
from wire import (MANY, assert_broken, counted, early, from_the_denied_port, heard_by_peer, repair,
                  wait_for_answers, wait_for_arrivals)


@test
def rebooted_with_a_broken_file_it_lets_all_pass():
    assert_broken()
    wait_for_answers()
    assert counted("delivered", "denied") > 0
    assert set(from_the_denied_port(heard_by_peer())) == {"udp4 9009", "udp6 9009", "tcp4 9009"}


@test
def repaired_it_denies_again():
    assert_broken()
    repair("accept")
    assert steering()["matches"], "loaded by last-good.conf, and the same"
    wait_for_arrivals()
    before = counted("delivered", "denied")
    wait_for_arrivals()
    assert counted("delivered", "denied") == before
    assert early()["allowed"]["udp4"] > MANY // 3
