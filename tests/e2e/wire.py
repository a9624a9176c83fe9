# SPDX-License-Identifier: GPL-2.0-or-later
"""What crosses a wire: frames put on a veth past the sender's own stack, and captures of one."""

import select
import socket
import threading
import time

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib import wait_until

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 3, 0x0800, 0x86DD
PACKET_OUTGOING = 4


def inject(link, sender, *packets, ethertype=None):
    """Puts network-layer packets (scapy or bytes) on the wire from `sender`'s end, as they are.

    They bypass the sender's IP stack and its netfilter hooks, and enter the other end's.
    """
    receiver = link.other(sender)
    with sender.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((link.interface(sender), 0))
        for packet in packets:
            data = bytes(packet)
            kind = ethertype or (ETH_P_IPV6 if data[0] >> 4 == 6 else ETH_P_IP)
            s.send(bytes(Ether(src=link.mac(sender), dst=link.mac(receiver), type=kind)) + data)


def raw_output(ns, packet, destination):
    """Sends bytes through the namespace's own OUTPUT hook with a raw socket, header included."""
    v6 = ":" in destination
    family = socket.AF_INET6 if v6 else socket.AF_INET
    with ns.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        s.sendto(bytes(packet), (destination, 0))


class Capture:
    """Every IP packet that passes one interface, from start to stop.

    `direction` is "in" (arrived from the wire), "out" (left for it), or None for both. On the way
    in a capture sees packets before netfilter judges them, on the way out after.
    """

    def __init__(self, ns, interface, direction=None):
        self._socket = ns.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind((interface, ETH_P_ALL))
        self._direction = direction
        self._frames = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self):
        while True:
            ready, _, _ = select.select([self._socket], [], [], 0.05)
            if not ready:
                if self._stop.is_set():
                    return
                continue
            data, address = self._socket.recvfrom(65600)
            outgoing = address[2] == PACKET_OUTGOING
            if self._direction and outgoing != (self._direction == "out"):
                continue
            self._frames.append((time.monotonic(), data))

    def packets(self, match=lambda packet: True):
        """The IP packets so far that match, as scapy's network layer, in order."""
        found = []
        for _, data in list(self._frames):
            layer = {ETH_P_IP: IP, ETH_P_IPV6: IPv6}.get(int.from_bytes(data[12:14], "big"), Raw)
            packet = layer(data[14:])
            if layer is not Raw and match(packet):
                found.append(packet)
        return found

    def wait_for(self, match, count=1, what="a packet", timeout=10.0):
        wait_until(lambda: len(self.packets(match)) >= count, f"captured {count} of: {what}", timeout)
        return self.packets(match)

    def stop(self):
        """Ends the capture after the last frame has been read."""
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
