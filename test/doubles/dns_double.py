"""A DNS server for tests: real packets over UDP, from a table of records, in a thread.

    with DnsDouble({("example.jp", "TXT"): ["v=spf1 -all"], ("example.jp", "MX"): ["mx.example.jp"]}) as dns:
        ... dns.address            "127.0.0.1:5353"

A name that stands nowhere in the table does not exist; one that stands there with another type has no
such record. silent=True takes questions and never answers.
"""

import socket
import struct
import threading

TYPES = {15: "MX", 16: "TXT"}
NO_SUCH_NAME = 3


def wire_name(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def wire_text(text):
    """A row of strings of 255 bytes at most."""
    data = text.encode()
    return b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255))


def read_question(packet):
    """(name, type, where the question ends)"""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    number, = struct.unpack_from(">H", packet, at + 1)
    return ".".join(labels).lower(), TYPES.get(number), at + 5


class DnsDouble:
    def __init__(self, records, silent=False):
        self.records, self.silent, self.asked = records, silent, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", self.socket.getsockname())  # the end
        self.thread.join()
        self.socket.close()

    def serve(self):
        while True:
            packet, sender = self.socket.recvfrom(4096)
            if not packet:
                return
            self.asked.append(read_question(packet)[:2])
            if not self.silent:
                self.socket.sendto(self.answer(packet), sender)

    def answer(self, packet):
        name, kind, end = read_question(packet)
        values = self.records.get((name, kind), [])
        known = any(name == other for other, _ in self.records)
        records = b""
        for value in values:
            data = struct.pack(">H", 10) + wire_name(value) if kind == "MX" else wire_text(value)
            number = next(n for n, word in TYPES.items() if word == kind)
            records += struct.pack(">HHHIH", 0xC00C, number, 1, 60, len(data)) + data
        head = packet[:2] + struct.pack(">HHHHH", 0x8180 | (0 if known else NO_SUCH_NAME), 1, len(values), 0, 0)
        return head + packet[12:end] + records
