"""HTTP over TLS for the doubles: HTTP/2 (http2_double.py) with whoever offers it, HTTP/1.1 with
others.

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
                from http2_double import Http2  # here: who speaks no TLS needs no python3-h2

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
