"""HTTP over TLS for the doubles: HTTP/2 (python3-h2) with whoever offers it, HTTP/1.1 with others.

    authority = Authority(folder)                       # authority.file is what a client trusts
    server = Server(("127.0.0.1", 0), respond, authority.context())
    ...
    server.connections[0].protocol, .streams, .together # what came over each connection

respond(method, path, headers, body) returns (status, headers, body). In the place of a status also

    "reset"     the connection is reset (HTTP/2: the stream, INTERNAL_ERROR)
    "refuse"    HTTP/2: the stream is refused before it was looked at (REFUSED_STREAM)
    "goaway"    HTTP/2: this request and what came after it will not be dealt with, and the
                connection ends (RFC 9113, section 6.8)
    "cut"       the connection ends without a word
    "hang"      there is no answer
    "stall"     HTTP/2: nor to anything else that comes over this connection

Where `gather` is n, answers over HTTP/2 wait until n requests of one connection are open at once.
"""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h2.config
import h2.connection
import h2.errors
import h2.events
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HTTP2_ONLY = ("refuse", "goaway", "stall")


class Authority:
    """Signs certificates. Nobody trusts it but who is given its file."""

    def __init__(self, folder, name="Tenko test authority"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.file = self.folder / "authority.crt"
        own = self.sign(self.name, self.key.public_key(), x509.BasicConstraints(True, None))
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def sign(self, name, public_key, *extensions, days=1):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(name).issuer_name(self.name)
                   .public_key(public_key).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=2))
                   .not_valid_after(now + datetime.timedelta(days=days)))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def certificate(self, name="localhost", address="127.0.0.1", days=1):
        """One file with a server's certificate and key; days=-1: it ran out yesterday."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name),
                                             x509.IPAddress(ipaddress.ip_address(address))])
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        file = self.folder / f"{name}-{address}-{days}.pem"
        file.write_bytes(
            self.sign(subject, key.public_key(), names, days=days)
            .public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption()))
        return file

    def context(self, protocols=("h2", "http/1.1"), **certificate):
        """The server's side of TLS, speaking these protocols."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(**certificate))
        context.set_alpn_protocols(list(protocols))
        return context


class Connection:
    """What came over one connection."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.streams = 0   # requests
        self.together = 0  # the most that were open at one time


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


class Headers(dict):
    """By names in the spelling of HTTP/1.1, whichever was spoken. RFC 8030 has one in capitals."""

    def __init__(self, pairs):
        super().__init__((name.upper() if name.upper() == "TTL" else name, value) for name, value in pairs)


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format, *words):
        pass

    def setup(self):
        super().setup()
        self.seen = self.server.saw(Connection("http/1.1"))

    def serve(self):
        self.seen.streams += 1
        self.seen.together = 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = Headers((name.title(), value) for name, value in self.headers.items())
        status, more, text = self.server.respond(self.command, self.path, headers, body)
        if status in HTTP2_ONLY:
            raise ValueError(f"{status} is of HTTP/2 only")
        if status == "hang":
            self.server.ending.wait()
        if status == "reset":
            # Closed with a linger time of nothing the peer gets a reset, not an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if status in ("hang", "reset", "cut"):
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(status)
        for name, value in {**more, "Content-Length": len(text)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = serve


class Server(ThreadingHTTPServer):
    """Runs in threads of its own between start() and stop(). `context` None: without TLS."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, respond, context=None):
        super().__init__(address, Handler)
        self.respond = respond
        self.context = context
        self.gather = 1
        self.connections = []
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        host, self.port = self.server_address[:2]
        self.url = f"{'https' if context else 'http'}://{host}:{self.port}"

    def saw(self, connection):
        with self.lock:
            self.connections.append(connection)
        return connection

    def finish_request(self, request, client_address):
        if not self.context:
            super().finish_request(request, client_address)
            return
        request.settimeout(30)
        tls = self.context.wrap_socket(request, server_side=True)
        tls.settimeout(None)
        with contextlib.closing(tls):
            if tls.selected_alpn_protocol() == "h2":
                Http2(self, tls, self.saw(Connection("h2"))).run()
            else:
                super().finish_request(tls, client_address)

    def handle_error(self, request, client_address):
        """A client may go as it likes."""
        with contextlib.suppress(OSError):
            raise

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.ending.set()
        self.shutdown()
        self.server_close()
        self.thread.join()
