# SPDX-License-Identifier: GPL-2.0-or-later
"""What crosses a wire: frames put on a veth past the sender's own stack, and captures of one."""

import select
import socket
import struct
import threading
import time

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib import wait_until

ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 3, 0x0800, 0x86DD
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_VNET_HDR, VIRTIO_NET_HDR_F_NEEDS_CSUM = 263, 15, 1


class Injector:
    """Puts network-layer packets (scapy or bytes) on the wire from `sender`'s end, as they are.

    They bypass the sender's IP stack and its netfilter hooks, and enter the other end's. Closing takes the
    kernel 15 ms: who has much to send keeps one.
    """

    def __init__(self, link, sender):
        self._macs = {"src": link.mac(sender), "dst": link.mac(link.other(sender))}
        self._socket = sender.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind((link.interface(sender), 0))

    def send(self, packet, ethertype=None):
        data = bytes(packet)
        kind = ethertype or (ETH_P_IPV6 if data[0] >> 4 == 6 else ETH_P_IP)
        self._socket.send(bytes(Ether(**self._macs, type=kind)) + data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()


class LargeInjector(Injector):
    """The same for packets above the MTU, as the segmentation of the sender's stack would hand them over."""

    GSO = {(4, socket.IPPROTO_TCP): 1, (6, socket.IPPROTO_TCP): 4, (4, socket.IPPROTO_UDP): 5,
           (6, socket.IPPROTO_UDP): 5}
    CHECKSUM_AT = {socket.IPPROTO_TCP: 16, socket.IPPROTO_UDP: 6}

    def __init__(self, link, sender):
        super().__init__(link, sender)
        self._socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)

    def send_large(self, packet, protocol, header_len, segment=1400):
        """`header_len` is TCP's or UDP's; `segment` is how much each packet will carry once cut."""
        family = packet[0] >> 4
        transport_at = 14 + {4: 20, 6: 40}[family]
        offload = struct.pack("<BBHHHH", VIRTIO_NET_HDR_F_NEEDS_CSUM, self.GSO[family, protocol],
                              transport_at + header_len, segment, transport_at,
                              self.CHECKSUM_AT[protocol])
        kind = ETH_P_IPV6 if family == 6 else ETH_P_IP
        self._socket.send(offload + bytes(Ether(**self._macs, type=kind)) + packet)


def inject(link, sender, *packets, ethertype=None):
    """Injects these, and that is all."""
    with Injector(link, sender) as injector:
        for packet in packets:
            injector.send(packet, ethertype)


def datagram(payload, port=9000):
    """From client to server of a pair."""
    return IP(src="192.0.2.2", dst="192.0.2.1") / UDP(sport=40000, dport=port) / payload


def numbers(count, port=9000):
    """Datagrams that carry their own number, from 0, as one byte."""
    return [datagram(bytes([i]), port) for i in range(count)]


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
