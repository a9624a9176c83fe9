#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a verdict costs: nacld beside loops that judge nothing, in one interleaved run.

Everything happens in network namespaces of its own. Consumers take turns, round after round, so that a
machine whose speed drifts treats all alike; figures are medians, ratios are taken round by round.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import sys

import conditions
import cpu
import reload
import scale
import traffic

PARTS = {"cpu": (cpu.measure, cpu.show), "conditions": (conditions.measure, conditions.show),
         "traffic": (traffic.measure, traffic.show), "reload": (reload.measure, reload.show),
         "scale": (scale.measure, scale.show), "rest": (scale.rest, scale.show_rest)}


def machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if "model name" in line]
    return {"kernel": platform.release(), "cpus": os.cpu_count(), "model": model[0] if model else platform.machine(),
            "date": datetime.date.today().isoformat(), "load_before": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--packets", type=int, default=20000)
    parser.add_argument("--round-trips", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=1, help="of each TCP measurement")
    parser.add_argument("--entries", type=int, nargs="+", default=[2, 40, 1000, 10000, 100000])
    parser.add_argument("--only", choices=tuple(PARTS))
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: needs root: network namespaces and queues")
    results = {"machine": machine()}
    for name, (measure, show) in PARTS.items():
        if args.only in (None, name):
            results[name] = measure(args)
            show(results[name])
            sys.stdout.flush()
    results["machine"]["load_after"] = os.getloadavg()[0]
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
