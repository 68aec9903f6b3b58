"""Tell, when ended by SIGTERM, each IPv4 address that a packet or an ARP request has arrived for, one a line."""

import signal
import socket
import sys
from ipaddress import IPv4Address

ALL_PROTOCOLS, IPV4, ARP = 0x0003, 0x0800, 0x0806


def main() -> None:
    destinations: set[str] = set()

    def tell(_signal: int, _frame: object) -> None:
        print("\n".join(sorted(destinations)), flush=True)
        sys.exit()

    signal.signal(signal.SIGTERM, tell)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as wire:
        print("listening", flush=True)
        while True:
            frame, (interface, _, direction, *_) = wire.recvfrom(2048)
            if interface == "lo" or direction == socket.PACKET_OUTGOING:
                continue
            protocol = int.from_bytes(frame[12:14], "big")
            if protocol == IPV4:
                destinations.add(str(IPv4Address(frame[30:34])))
            elif protocol == ARP:
                destinations.add(str(IPv4Address(frame[38:42])))


main()
