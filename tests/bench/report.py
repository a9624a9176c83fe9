#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py RESULTS.json CHART.svg: the bench's figures as a picture. Standard library only.

The picture brings its own paper, so that it can be read on a light page and on a dark one; where the viewer
tells, it follows the reader's colour scheme.
"""

import json
import sys
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, ROW, BAR = 860, 230, 190, 26, 17
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 } .note { fill: #59636e; font-size: 12px } .end { text-anchor: end }
  .paper { fill: #ffffff; stroke: #d1d9e0 } .axis { stroke: #8c959f } .nacld { fill: #1a7f64 } .loop { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #9da7b3 } .paper { fill: #0d1117; stroke: #3d444d }
    .axis { stroke: #6e7681 } .nacld { fill: #3fb08f } .loop { fill: #6e7681 }
  }
"""
CAPTIONS = {"ceiling": "batching loop, judges nothing", "usual": "usual loop, judges nothing",
            "bare": "no queue, no rules", "in-kernel 40": "40 rules in the kernel", "gso": "usual loop, GSO"}


class Picture:
    def __init__(self):
        self.y, self.parts = 8, []

    def text(self, x, y, words, kind=""):
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}">{escape(words)}</text>')

    def heading(self, title, note):
        self.y += 26
        self.text(16, self.y, title, "title")
        self.y += 19
        self.text(16, self.y, note, "note")
        self.y += 11

    def bars(self, rows):
        """[(name, value, label, is nacld)]: one bar each, the longest fills the width."""
        unit = (WIDTH - LEFT - RIGHT) / max(value for _, value, _, _ in rows)
        top = self.y
        for name, value, label, own in rows:
            middle = self.y + ROW / 2
            self.text(LEFT - 10, middle + 4, name, "end")
            self.parts.append(f'<rect x="{LEFT}" y="{middle - BAR / 2:.1f}" width="{value * unit:.1f}" height="{BAR}" '
                              f'rx="2" class="{"nacld" if own else "loop"}"/>')
            self.text(LEFT + value * unit + 8, middle + 4, label)
            self.y += ROW
        self.parts.append(f'<path d="M{LEFT} {top}V{self.y}" class="axis"/>')
        self.y += 8

    def svg(self, label):
        height = self.y + 12
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                f'height="{height}" role="img" aria-label="{escape(label)}">\n<style>{STYLE}</style>\n'
                f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6" class="paper"/>\n' +
                "\n".join(self.parts) + "\n</svg>\n")


def caption(name):
    if name.startswith("nacld "):
        count, *more = name.removeprefix("nacld ").split(" + ")
        return f"nacld, {count} entries" + "".join(f", {m}" for m in more)
    return CAPTIONS[name]


def cpu_rows(rows):
    order = ["usual", "ceiling"] + [name for name in rows if name.startswith("nacld")]
    return [(caption(name), rows[name]["ns"], f"{rows[name]['ns']:,.0f} ns", name.startswith("nacld"))
            for name in order]


def traffic_rows(rows):
    return [("nacld, 40 entries" if name.startswith("nacld") else caption(name), row["tcp"],
             f"{row['tcp'] / 1000:.1f} Gbit/s, {row['tcp_of_bare']:.2f} of bare", name.startswith("nacld"))
            for name, row in rows.items()]


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: report.py RESULTS.json CHART.svg")
    with open(sys.argv[1], encoding="utf-8") as file:
        results = json.load(file)
    machine, picture = results["machine"], Picture()
    picture.heading("CPU time a packet, by number of entries",
                    "daemon threads only; 20,000 small packets waiting in the queue, all accepted; shorter is better")
    picture.bars(cpu_rows(results["cpu"]["accept"]))
    picture.heading("One TCP connection through a host's INPUT and OUTPUT",
                    "received, iperf3 between two network namespaces; longer is better")
    picture.bars(traffic_rows(results["traffic"]))
    picture.y += 14
    picture.text(16, picture.y, f"make bench, {machine['date']}: Linux {machine['kernel']}, {machine['cpus']} cores, "
                 f"{machine['model']}, load average {machine['load_before']:.1f} from other work; medians", "note")
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(picture.svg("What a verdict costs: CPU a packet by entries, and TCP throughput"))


if __name__ == "__main__":
    main()
