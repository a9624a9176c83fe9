# SPDX-License-Identifier: GPL-2.0-or-later
"""foreign_reader.py QUEUE [NAME]: another program that reads a queue and accepts what comes (raw netlink); it calls
itself NAME."""

import ctypes
import socket
import struct
import sys

QUEUE = int(sys.argv[1])
PR_SET_NAME = 15
if len(sys.argv) > 2:
    ctypes.CDLL(None).prctl(PR_SET_NAME, sys.argv[2].encode())
PACKET, VERDICT, CONFIG = 0, 1, 2  # messages of nfnetlink_queue
REQUEST, ACK = 1, 4


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def message(kind, flags, *attributes):
    body = struct.pack(">BBH", 0, 0, QUEUE) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), 3 << 8 | kind, flags, 0, 0) + body


reader = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
reader.bind((0, 0))
for settings in (attribute(1, struct.pack(">BBH", 1, 0, 0)), attribute(2, struct.pack(">IB", 64, 2))):
    reader.send(message(CONFIG, REQUEST | ACK, settings))
    error, = struct.unpack_from("=i", reader.recv(4096), 16)
    assert error == 0, error
print("reading", flush=True)
while True:
    data = reader.recv(65536)
    at = 20
    while at + 8 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if kind & 0x3fff == 1:  # the packet's header: its id first
            reader.send(message(VERDICT, REQUEST, attribute(2, struct.pack(">I", 1) + data[at + 4:at + 8])))
        at += max(4, size + 3 & ~3)
