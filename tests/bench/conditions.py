# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of `usual` a batch saves depends on the conditions: all accepted, 40 rules, one condition at a time.

The journey of a reinjected packet runs inside the consumer's send, batched or not, so what a batch can save
is the two system calls a packet, and waking up. A long queue has left the caches by the time it is read: the
journey costs more, the ratio shrinks. In `live` the flood comes while the consumer works; a round in which the
queue overflows counts what was delivered.
"""

import cpu
from ground import ALLOWED, DENIED, Ground, run, wait_until

CONDITIONS = {"300 wait": (300, 18), "1,000 wait": (1000, 18), "20,000 wait": (20000, 18),
              "1,000 wait, 1,400 bytes": (1000, 1400), "live flood": (None, 18), "live flood, 1,400 bytes": (None, 1400)}


def live(ground, consumer, packets, size):
    lost = ground.table(consumer.ns)[consumer.queue][1]
    start = consumer.cpu_ns()
    run(*ground.inside(consumer.ns, ground.build / "bench/flood", f"198.51.100.{consumer.queue}", packets, ALLOWED,
                       0, DENIED, size))
    wait_until(lambda: ground.table(consumer.ns)[consumer.queue][0] == 0, f"{consumer.name} is done")
    lost = ground.table(consumer.ns)[consumer.queue][1] - lost
    return (consumer.cpu_ns() - start) / (packets - lost)


def once(ground, consumer, waiting, size, packets):
    if waiting is None:
        return live(ground, consumer, packets * 3, size)
    return cpu.once(ground, consumer, 0, waiting, size)


def measure(args):
    with Ground(args.build) as ground:
        ns = cpu.lay(ground)
        ground.add_loop(ns, 1, "ceiling")
        ground.add_loop(ns, 2, "usual")
        ground.add_nacld(ns, 3, 40)
        ground.add_nacld(ns, 4, 40, isolation="process")
        results = {}
        for condition, (waiting, size) in CONDITIONS.items():
            rows = {consumer.name: [] for consumer in ground.consumers}
            for turn in range(2 * args.rounds + 1):
                for consumer in ground.consumers:
                    figure = once(ground, consumer, waiting, size, args.packets)
                    if turn:
                        rows[consumer.name].append(figure)
            results[condition] = cpu.summary(rows)
        return results


def show(results):
    print("\nCPU a packet in ns by condition; all accepted, 40 rules")
    print(f"  {'':24} {'usual':>8} {'ceiling':>8} {'nacld':>8} {'/ceiling':>9} {'usual/it':>9} {'isolated':>9}")
    for condition, rows in results.items():
        it = rows["nacld 40"]
        print(f"  {condition:24} {rows['usual']['ns']:8.0f} {rows['ceiling']['ns']:8.0f} {it['ns']:8.0f} "
              f"{it['of_ceiling']:9.3f} {it['usual_over_it']:9.2f} "
              f"{rows['nacld 40 isolated']['ns']:9.0f}")
