"""HTTP/2 (RFC 9113) for the doubles, by python3-h2: one connection, with all its streams. What a
server answers stands in https_double.py."""

import socket

import h2.config
import h2.connection
import h2.errors
import h2.events
from https_double import Headers


class Http2:
    """One connection of HTTP/2, to its end."""

    def __init__(self, server, tls, seen):
        self.server = server
        self.tls = tls
        self.seen = seen
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.open = {}  # by stream: headers and body
        self.whole = []  # streams whose requests are complete, in order
        self.unsent = {}  # by stream: what is left of an answer

    def flush(self):
        self.tls.sendall(self.h2.data_to_send())

    def run(self):
        self.h2.initiate_connection()
        self.flush()
        while True:
            data = self.tls.recv(65536)
            if not data:
                return
            for event in self.h2.receive_data(data):
                self.take(event)
            self.whole.sort()  # what goes away says up to which stream it came
            ready = len(self.whole) >= self.server.gather
            while ready and self.whole:
                if not self.answer(self.whole.pop(0)):
                    self.leave()
                    return
            self.flush()

    def leave(self):
        """Without a reset, which could overtake what was sent last."""
        self.flush()
        self.tls.shutdown(socket.SHUT_WR)
        while self.tls.recv(65536):
            pass

    def take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            headers = {name.decode(): value.decode() for name, value in event.headers}
            self.open[event.stream_id] = headers, bytearray()
            self.seen.streams += 1
            self.seen.together = max(self.seen.together, len(self.open))
        elif isinstance(event, h2.events.DataReceived):
            self.open[event.stream_id][1].extend(event.data)
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.whole.append(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            self.open.pop(event.stream_id, None)
            self.unsent.pop(event.stream_id, None)
            self.whole = [stream for stream in self.whole if stream != event.stream_id]
        elif isinstance(event, h2.events.WindowUpdated):
            for stream in list(self.unsent):
                self.send_more(stream)

    def answer(self, stream):
        """False: the connection is over."""
        given, body = self.open[stream]
        headers = Headers((name.title(), value) for name, value in given.items())
        status, more, text = self.server.respond(given[":method"], given[":path"], headers, bytes(body))
        if status == "hang":
            return True
        if status == "stall":
            self.server.ending.wait()
            return False
        if status == "goaway":
            self.h2.close_connection(h2.errors.ErrorCodes.NO_ERROR, last_stream_id=stream - 2)
        if status in ("goaway", "cut"):
            return False
        del self.open[stream]
        if status == "reset":
            self.h2.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        elif status == "refuse":
            self.h2.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        else:
            self.h2.send_headers(stream, [(":status", str(status)), ("content-length", str(len(text))),
                                          *((name.lower(), str(value)) for name, value in more.items())])
            self.unsent[stream] = text
            self.send_more(stream)
        return True

    def send_more(self, stream):
        """As much of the answer as the client wants now."""
        text = self.unsent[stream]
        while True:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            part, text = text[:room], text[room:]
            if part or not text:
                self.h2.send_data(stream, part, end_stream=not text)
            self.unsent[stream] = text
            if not text:
                del self.unsent[stream]
                return
            if room == 0:
                return
