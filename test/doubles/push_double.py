#!/usr/bin/python3
"""A push service for tests: real HTTP over a real socket (https_double.py: with a context, HTTP/2
over TLS), and browsers that subscribe to it.

    with PushDouble() as service:
        phone = service.subscribe()             # a browser with a key pair of its own
        post(phone.subscription)                # what its PushSubscription.toJSON() says
        ...
        message, = phone.messages()             # decrypted here, by an implementation of our own
        service.answer(phone, 503, {"Retry-After": "2"}, times=1)

Each request is checked as a strict service would: the headers of RFC 8030, the token of RFC 8292
(python3-jwt judges its signature), the body of RFC 8188 and RFC 8291. What does not pass is
answered with 400 and kept in `faults`. An answer can also be "reset" and what else https_double.py
knows. FcmDouble is the same for FCM: the tokens of RFC 7523 and the messages.

As a program it is the push service of the quickstart: see push_double.py --help.
"""

import argparse
import base64
import json
import re
import signal
import struct
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from https_double import Server

RECORD_MOST = 4096
DAY = 86400


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(public_key):
    return public_key.public_bytes(serialization.Encoding.X962,
                                   serialization.PublicFormat.UncompressedPoint)


def public_key_of(bytes_of_point):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of_point)


def hkdf(salt, secret, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


class Fault(Exception):
    """The request is not what the specifications ask for."""


def require(condition, what):
    if not condition:
        raise Fault(what)


def decrypt(body, private_key, auth):
    """The text in a body of coding aes128gcm with one record; RFC 8188 section 2, RFC 8291 section 3."""
    require(len(body) <= RECORD_MOST, f"a body of {len(body)} bytes")
    require(len(body) > 21, "a body without a header")
    salt, record_size, id_length = body[:16], *struct.unpack(">IB", body[16:21])
    require(id_length == 65, f"a key id of {id_length} bytes")
    sender, sealed = body[21:86], body[86:]
    require(record_size > len(sealed), "more than one record")
    secret = private_key.exchange(ec.ECDH(), public_key_of(sender))
    info = b"WebPush: info\0" + point(private_key.public_key()) + sender
    ikm = hkdf(auth, secret, info, 32)
    key = hkdf(salt, ikm, b"Content-Encoding: aes128gcm\0", 16)
    nonce = hkdf(salt, ikm, b"Content-Encoding: nonce\0", 12)
    padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
    require(padded.endswith(b"\2"), "no delimiter of a last record")
    return padded[:-1]


class Phone:
    """A browser's subscription."""

    def __init__(self, service, name):
        self.service = service
        self.name = name
        self.private_key = ec.generate_private_key(ec.SECP256R1())
        self.auth = bytes(range(16))
        self.received = []  # (time, topic, headers, message) of each notification that was taken
        self.late = 0       # seconds until it is answered
        self.script = []    # answers to come; behind them 201
        self.always = None

    @property
    def endpoint(self):
        return f"{self.service.url}/push/{self.name}"

    @property
    def subscription(self):
        return {"endpoint": self.endpoint, "expirationTime": None,
                "keys": {"p256dh": b64(point(self.private_key.public_key())), "auth": b64(self.auth)}}

    def messages(self):
        with self.service.lock:
            return [message for _, _, _, message in self.received]

    def waiting(self):
        """What it would show if it were switched on now: the newest of each topic."""
        with self.service.lock:
            return list({topic: message for _, topic, _, message in self.received}.values())


class PushDouble:
    def __init__(self, host="127.0.0.1", port=0, context=None):
        self.lock = threading.Lock()
        self.phones = {}
        self.requests = []  # (when it came, phone's name, status) of every request
        self.faults = []
        self.public_key = None  # of the application server, of the first token that was sent
        self.server = Server((host, port), self.respond, context)
        self.port, self.url = self.server.port, self.server.url

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *exception):
        self.server.stop()

    def subscribe(self, name=None):
        name = name or f"phone-{len(self.phones) + 1}"
        phone = Phone(self, name)
        with self.lock:
            self.phones[name] = phone
        return phone

    def answer(self, phone, status, headers=None, times=None, text=b""):
        """The next `times` answers to this phone's notifications, or all of them from now on.
        `status` a number or a word of https_double.py."""
        with self.lock:
            if times is None:
                phone.always = (status, headers or {}, text)
            else:
                phone.script += [(status, headers or {}, text)] * times

    # what is asked of a request

    def check_token(self, authorization):
        match = re.fullmatch(r"vapid t=([\w.-]+), ?k=([\w-]+)", authorization or "")
        require(match, f"Authorization is {authorization!r}")
        token, key = match.groups()
        claims = jwt.decode(token, public_key_of(unb64(key)), algorithms=["ES256"], audience=self.url)
        require(claims["exp"] <= time.time() + DAY, "the token is good for more than a day")
        require(jwt.get_unverified_header(token)["typ"] == "JWT", "no JWT")
        self.public_key = self.public_key or key
        require(key == self.public_key, "another key than the subscription's")

    def check(self, phone, headers, body):
        require(headers.get("Content-Encoding") == "aes128gcm", "Content-Encoding")
        require(re.fullmatch(r"\d+", headers.get("TTL", "")), "TTL")
        require(headers.get("Urgency") in ("very-low", "low", "normal", "high"), "Urgency")
        require(re.fullmatch(r"[\w-]{1,32}", headers.get("Topic", "")), "Topic")
        self.check_token(headers.get("Authorization"))
        return json.loads(decrypt(body, phone.private_key, phone.auth))

    def take(self, phone, headers, body):
        """The answer to a notification: a status, headers and text."""
        try:
            message = self.check(phone, headers, body)
        except Exception as fault:  # whatever it is, the request was wrong
            with self.lock:
                self.faults.append(f"{phone.name}: {type(fault).__name__}: {fault}")
            return 400, {}, b""
        with self.lock:
            answer = phone.script.pop(0) if phone.script else phone.always or (201, {}, b"")
            status, more, text = answer
            if status == 201:
                phone.received.append((time.time(), headers["Topic"], dict(headers), message))
                more = dict(more, Location=f"{self.url}/message/{len(self.requests)}")
            return status, more, text

    def respond(self, method, path, headers, body):
        began = time.time()
        name = path.removeprefix("/push/")
        phone = self.phones.get(name) if method == "POST" else None
        if phone:
            time.sleep(phone.late)
        answer = self.take(phone, headers, body) if phone else (404, {}, b"")
        with self.lock:
            self.requests.append((began, name, answer[0]))
        return answer


class FcmDouble:
    """Google's token endpoint and FCM's messages:send, for one service account.

    `script` holds the answers to come, (status, body, headers); behind them messages are taken.
    Tokens are good for `lifetime` seconds, and for one only: the newest.
    """

    def __init__(self, folder, lifetime=3600, context=None):
        self.lock = threading.Lock()
        self.lifetime = lifetime
        self.script = []
        self.messages = []
        self.tokens = []
        self.faults = []
        key = rsa.generate_private_key(65537, 2048)
        self.public_key = key.public_key()
        self.server = Server(("127.0.0.1", 0), self.respond, context)
        self.url = self.server.url
        self.account = folder / "account.json"
        self.account.touch(0o600)
        self.account.write_text(json.dumps({
            "type": "service_account", "project_id": "tenko-test",
            "client_email": "push@tenko-test.example", "token_uri": f"{self.url}/token",
            "private_key": key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()).decode()}))

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *exception):
        self.server.stop()

    def give_token(self, form):
        require(form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"], "grant_type")
        claims = jwt.decode(form["assertion"][0], self.public_key, algorithms=["RS256"],
                            audience=f"{self.url}/token", issuer="push@tenko-test.example")
        require(claims["exp"] - claims["iat"] <= 3600, "asked for more than an hour")
        require(claims["scope"].endswith("/auth/firebase.messaging"), "scope")
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return {"access_token": self.tokens[-1], "expires_in": self.lifetime, "token_type": "Bearer"}

    def take(self, authorization, body):
        if authorization != f"Bearer {self.tokens[-1] if self.tokens else ''}":
            return 401, {"error": {"status": "UNAUTHENTICATED"}}, {}
        message = json.loads(body)["message"]
        require(message["token"] and message["notification"]["title"], "message")
        if self.script:
            return self.script.pop(0)
        self.messages.append(message)
        return 200, {"name": f"projects/tenko-test/messages/{len(self.messages)}"}, {}

    def respond(self, method, path, headers, body):
        more = {}
        try:
            require(method == "POST", method)
            with self.lock:
                if path == "/token":
                    status, answer = 200, self.give_token(parse_qs(body.decode()))
                elif path == "/v1/projects/tenko-test/messages:send":
                    status, answer, more = self.take(headers["Authorization"], body)
                else:
                    status, answer = 404, {}
        except Exception as fault:  # whatever it is, the request was wrong
            self.faults.append(f"{path}: {type(fault).__name__}: {fault}")
            status, answer = 400, {}
        return status, {"Content-Type": "application/json", **more}, json.dumps(answer).encode()


class Journal:
    """A push service as a process of its own keeps in its folder what a test would ask it for.

        D/phones.json           the subscriptions, by phone
        D/notifications.jsonl   a line for each notification taken: at (seconds since 1970), phone,
                                and what it says, decrypted
        D/faults                a line for each request that was not as it should be
        D/port                  the port
    """

    def __init__(self, folder, service, phones):
        self.folder = folder
        self.service = service
        self.phones = phones
        self.shown = {phone.name: 0 for phone in phones}
        self.faults = 0
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "phones.json").write_text(json.dumps({p.name: p.subscription for p in phones}))
        (folder / "port").write_text(f"{service.port}\n")

    def write(self):
        with open(self.folder / "notifications.jsonl", "a", encoding="utf-8") as file:
            for phone in self.phones:
                with self.service.lock:
                    fresh = phone.received[self.shown[phone.name]:]
                self.shown[phone.name] += len(fresh)
                for at, _, _, message in fresh:
                    line = {"at": at, "phone": phone.name, **message}
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
        with self.service.lock:
            fresh = self.service.faults[self.faults:]
        self.faults += len(fresh)
        with open(self.folder / "faults", "a", encoding="utf-8") as file:
            file.writelines(f"{fault}\n" for fault in fresh)


def main():
    """Runs until SIGTERM or SIGINT, with some phones; prints "port N" once it listens."""
    parser = argparse.ArgumentParser(description=f"{main.__doc__}\n\n{Journal.__doc__}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--phone", action="append", default=[], metavar="NAME")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with PushDouble(port=options.port) as service:
        journal = Journal(options.dir, service, [service.subscribe(name) for name in options.phone])
        print(f"port {service.port}", flush=True)
        while not ended.wait(0.02):
            journal.write()
    journal.write()


if __name__ == "__main__":
    main()
