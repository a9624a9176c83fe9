# SPDX-License-Identifier: GPL-2.0-or-later
"""python3 hostile_clients.py SOCKET REQUESTS: everything bad at once to a control socket, from one process.

A thousand connections; then readers that never read and lines that never end, kept up all the while that
REQUESTS requests come, ten of each connection, most of them nonsense. One line for each part that is over.
"""

import random
import socket
import sys
import time

PATH, REQUESTS = sys.argv[1], int(sys.argv[2])
CROWD, SLOW, HALF, EACH = 1000, 6, 6, 10
LINES = [b"\n", b"{}\n", b"nonsense\n", b"null\n", b"[" * 1000 + b"\n", b"\0\xff\xfe\n", b"x" * 4090 + b"\n",
         b'{"request": 3}\n', b'{"request": "frobnicate"}\n', b'{"request": "reload", "request": 1}\n',
         b'{"request": "status"}\n', b'{"request": "config"}\n']
rnd = random.Random(4)


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    while True:
        try:
            s.connect(PATH)
            return s
        except BlockingIOError:  # the backlog is full
            time.sleep(0.001)


def send(s, data):
    """False: it was turned away, or has run out of time."""
    try:
        s.sendall(data)
        return True
    except OSError:
        return False


def keep(bad, number, data):
    """So many connections that have sent this and do nothing more; those closed meanwhile are replaced."""
    for s in [s for s in bad if not send(s, b" ")]:
        s.close()
        bad.remove(s)
    while len(bad) < number:
        s = connect()
        s.settimeout(0.05)
        send(s, data)
        bad.append(s)


def crowd():
    everyone = [connect() for _ in range(CROWD)]
    told = 0
    for s in everyone:
        s.settimeout(0)
        try:
            told += b"too many" in s.recv(4096)
        except OSError:
            pass
        s.close()
    print(f"{CROWD} connections, {told} turned away", flush=True)


def requests():
    slow, half, answered, sent = [], [], 0, 0
    while sent < REQUESTS:
        if sent % 1000 == 0:
            keep(slow, SLOW, b'{"request": "status"}\n' * 100)
            keep(half, HALF, b'{"request": "sta')
        with connect() as s, s.makefile("rb") as answers:
            for _ in range(EACH):
                if send(s, rnd.choice(LINES)):
                    try:
                        answered += answers.readline().startswith(b"{")
                    except OSError:
                        pass
        sent += EACH
    print(f"{sent} requests, {answered} answered", flush=True)


crowd()
requests()
