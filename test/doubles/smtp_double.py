#!/usr/bin/python3
"""A mail relay for tests and for the sandbox of the quickstart: a real SMTP server (aiosmtpd) that
keeps each message as a file and, if asked, misbehaves by rule.

    smtp_double.py --dir D [--port 0] [--rule 'rcpt bad*=550 5.1.1 nobody here'] ...

prints "port N" once it listens, and runs until SIGTERM or SIGINT. Messages are kept in D as

    D/new/000001.eml    whole files only: they are written in D/tmp and renamed
    D/port              the port
    D/refused.jsonl     a line for each recipient that was refused: at (seconds since 1970),
                        recipient, reply

each as it came, behind lines that say how: Return-Path, X-Sandbox-Recipient (the words after
RCPT TO:), X-Sandbox-Session (number of the connection, from 1), X-Sandbox-Tls, X-Sandbox-Sni,
X-Sandbox-Login, X-Sandbox-Began (when MAIL FROM came, seconds since 1970) and X-Sandbox-Cut (yes
where the other side was not told that it was kept).

A rule is "STAGE[:N] [PATTERN]=ACTION"; it is good N times, or always.

    STAGE    connect ehlo starttls auth mail rcpt data content end rset
             "data" is the answer to DATA, "content" the message while it is coming in, "end" the
             answer after it. At "starttls" a reply is put behind the 220, in the clear.
    PATTERN  as of a shell, on the address: the sender at mail, the recipient from rcpt on
    ACTION   "550 5.1.1 nobody": this reply
             "drop": closes the connection instead of a reply
             "421 bye & drop": replies and closes
             "hang": never replies
             "late 0.5": the usual reply, half a second later (not at starttls and content)
             "trickle": sends a byte of an endless reply every now and then
             "keep drop", "keep hang" (at end): the message is kept first

A running server takes its rules from D/rules (one a line) whenever that file changes.

With --script FILE it has a list of actions for each of many: {"STAGE": {"SUBJECT": [ACTION, ...]}} in
JSON, one for each time; "" and what comes behind the last are as usual. It goes before the rules.
"""

import argparse
import asyncio
import email
import email.policy
import json
import logging
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
import warnings
from pathlib import Path

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, TLSSetupException, syntax
from double import Double, Rule, Rules

TRICKLE_SECONDS = 0.2
ACTION = re.compile(r"(?P<keep>keep )?(?P<reply>[2-5]\d\d[ -].*?)?(?: & )?(?P<then>drop|hang|trickle|late [\d.]+)?\Z", re.S)


class MailRule(Rule):
    stages = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "content", "end", "rset")

    def read_action(self):
        action = ACTION.match(self.action)
        if action:
            self.reply = action["reply"]
            self.then = action["then"] or ""
            self.late = float(self.then.removeprefix("late ")) if self.then.startswith("late ") else 0
            self.keep = bool(action["keep"] or self.late)
        return action


class Store:
    """The folder, and the rules in it."""

    def __init__(self, folder, rules=(), script=None):
        self.folder = Path(folder)
        for name in ("new", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.sessions = 0
        self.messages = max((int(p.stem) for p in (self.folder / "new").glob("[0-9]*.eml")), default=0)
        self.rules = Rules(self.folder, MailRule, rules, script)

    def rule(self, stage, address=""):
        return self.rules.find(stage, address)

    def keep(self, notes, content):
        self.messages += 1
        name = f"{self.messages:06}.eml"
        head = "".join(f"{key}: {value}\r\n" for key, value in notes.items())
        (self.folder / "tmp" / name).write_bytes(head.encode() + content)
        os.rename(self.folder / "tmp" / name, self.folder / "new" / name)

    def note_refusal(self, recipient, reply):
        with open(self.folder / "refused.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.time(), "recipient": recipient, "reply": reply}) + "\n")


class Server(SMTP):
    """One connection."""

    def __init__(self, store, options):
        self.store = store
        self.options = options
        self.number = 0
        self.recipient_words = ""
        self.began = 0
        self.chunks = []
        context = options.tls_context
        login = options.auth
        super().__init__(self, hostname="sandbox.invalid", ident="Tenko mail sandbox",
                         tls_context=context, require_starttls=bool(context and options.tls == "required"),
                         auth_required=bool(login), auth_require_tls=bool(login and context),
                         auth_exclude_mechanism=() if login else ("LOGIN", "PLAIN"),
                         authenticator=self.check_login)

    # rules

    async def drop(self):
        self.transport.close()
        await asyncio.Event().wait()  # until the loss of the connection ends this task

    async def obey(self, rule):
        """What the rule says; the reply to give, if any."""
        if rule.then == "hang":
            await asyncio.Event().wait()
        await asyncio.sleep(rule.late)
        if rule.then == "trickle":
            self._writer.write(b"250-")
            while True:
                self._writer.write(b".")
                await asyncio.sleep(TRICKLE_SECONDS)
        if rule.then == "drop":
            if rule.reply:
                await super().push(rule.reply)
            await self.drop()
        return rule.reply

    async def by_rule(self, stage, address=""):
        rule = self.store.rule(stage, address)
        return await self.obey(rule) if rule else None

    # the conversation

    async def push(self, status):
        if not self.number:  # the greeting is the first
            self.store.sessions += 1
            self.number = self.store.sessions
            status = await self.by_rule("connect") or status
        await super().push(status)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        refusal = await self.by_rule("ehlo")
        if refusal:
            return [refusal]
        session.host_name = hostname
        more = [f"250-{word}" for word in self.options.extensions]
        return [r for r in responses[:-1] if not r.endswith("AUTH ")] + more + responses[-1:]

    @syntax("STARTTLS")
    async def smtp_STARTTLS(self, arg):
        rule = self.store.rule("starttls")
        if not rule:
            return await super().smtp_STARTTLS(arg)
        reply = await self.obey(rule)
        if not reply.startswith("2"):
            return await self.push(reply)
        # what an attacker on the line would do: a reply slipped in before the encryption
        self._writer.write(b"220 Ready to start TLS\r\n" + reply.encode() + b"\r\n")
        self.push = self.push_nothing
        await super().smtp_STARTTLS(arg)

    async def push_nothing(self, status):
        del self.push  # only the next one is left out

    def check_login(self, server, session, envelope, mechanism, data):
        user, _, password = self.options.auth.partition(":")
        good = (data.login.decode(), data.password.decode()) == (user, password)
        return AuthResult(success=good, handled=False, auth_data=data)

    async def handle_AUTH(self, server, session, envelope, args):
        return await self.by_rule("auth") or MISSING

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.began = time.time()
        refusal = await self.by_rule("mail", address)
        if not refusal:
            envelope.mail_from = address
        return refusal or "250 2.1.0 sender ok"

    async def smtp_RCPT(self, arg):
        self.recipient_words = (arg or "").partition(":")[2].strip()
        await super().smtp_RCPT(arg)

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = await self.by_rule("rcpt", address)
        if refusal:
            self.store.note_refusal(address, refusal)
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient ok"

    def recipient(self):
        return self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""

    async def smtp_DATA(self, arg):
        if self.envelope.rcpt_tos:
            refusal = await self.by_rule("data", self.recipient())
            if refusal:
                return await self.push(refusal)
            rule = self.store.rule("content", self.recipient())
            if rule:
                await self.push("354 go on")
                await self._reader.readexactly(200)
                return await self.push(await self.obey(rule))
        await super().smtp_DATA(arg)

    async def smtp_BDAT(self, arg):
        """Chunks (RFC 3030), which aiosmtpd does not know. Rules: data and content on each chunk
        that is not the last, end on the last."""
        size, _, last = (arg or "").partition(" ")
        self.chunks.append(await self._reader.readexactly(int(size)))
        if not self.envelope.rcpt_tos:
            self.chunks.clear()
            return await self.push("503 5.5.1 no valid recipients")
        if last.upper() != "LAST":
            refusal = (await self.by_rule("data", self.recipient())
                       or await self.by_rule("content", self.recipient()))
            if refusal:
                self.envelope.rcpt_tos.clear()  # what follows is out of sequence
            return await self.push(refusal or f"250 2.0.0 {size} bytes")
        self.envelope.content = b"".join(self.chunks)
        self.chunks.clear()
        reply = await self.handle_DATA(self, self.session, self.envelope)
        self._set_post_data_state()
        await self.push(reply)

    async def smtp_RSET(self, arg):
        self.chunks.clear()
        refusal = await self.by_rule("rset")
        if refusal:
            return await self.push(refusal)
        await super().smtp_RSET(arg)

    async def handle_DATA(self, server, session, envelope):
        rule = self.store.rule("end", self.recipient())
        if not rule or rule.keep:
            try:
                self.store.keep(self.notes(session, envelope, cut=bool(rule and not rule.late)), envelope.content)
            except OSError as error:
                print(f"smtp_double: {error}", file=sys.stderr, flush=True)
                return "452 4.3.1 cannot keep the message"
        reply = await self.obey(rule) if rule else None
        return reply or "250 2.0.0 kept"

    def notes(self, session, envelope, cut):
        tls = self.transport.get_extra_info("ssl_object")
        login = session.auth_data.login if session.authenticated else b""
        return {"Return-Path": f"<{envelope.mail_from}>",
                "X-Sandbox-Recipient": self.recipient_words,
                "X-Sandbox-Session": self.number,
                "X-Sandbox-Tls": tls.version() if tls else "no",
                "X-Sandbox-Sni": getattr(tls, "asked_for", "") or "",
                "X-Sandbox-Login": login.decode(errors="replace"),
                "X-Sandbox-Began": f"{self.began:.3f}",
                "X-Sandbox-Cut": "yes" if cut else "no"}

    async def handle_exception(self, error):
        if not isinstance(error, TLSSetupException):  # the other side did not like our certificate
            print(f"smtp_double: {error!r}", file=sys.stderr, flush=True)
        return "451 4.3.0 sandbox fault"


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda tls, name, _: setattr(tls, "asked_for", name)
    return context


def make_certificate(folder, name="localhost", address="127.0.0.1", days=2):
    """A certificate that signs itself, for a name and an address; (certificate, key)."""
    certificate, key = Path(folder) / f"{name}.crt", Path(folder) / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", certificate, "-days", str(days),
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:{address}"],
                   check=True, capture_output=True)
    return certificate, key


def complain(loop, context):
    if not isinstance(context.get("exception"), (TLSSetupException, ConnectionError)):
        loop.default_exception_handler(context)


async def serve(options):
    warnings.simplefilter("ignore")  # a login without TLS is what some tests want
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    store = Store(options.dir, options.rule, options.script)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(complain)
    server = await loop.create_server(lambda: Server(store, options), options.host, options.port,
                                      backlog=1024)
    port = server.sockets[0].getsockname()[1]
    (store.folder / "port").write_text(f"{port}\n")
    print(f"port {port}", flush=True)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    server.close()


def read_options(words):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", required=True, help="where messages are kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--rule", action="append", default=[], metavar="RULE")
    parser.add_argument("--script", metavar="FILE")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="mail is taken after AUTH only")
    parser.add_argument("--tls", choices=("offered", "required"), help="STARTTLS")
    parser.add_argument("--cert", help="with --tls; without it one is made")
    parser.add_argument("--key")
    parser.add_argument("--extensions", default="PIPELINING,ENHANCEDSTATUSCODES",
                        help="further words of the EHLO reply; CHUNKING is understood")
    options = parser.parse_args(words)
    options.extensions = [word for word in options.extensions.split(",") if word]
    options.tls_context = None
    if options.tls:
        if not options.cert:
            Path(options.dir).mkdir(parents=True, exist_ok=True)
            options.cert, options.key = make_certificate(options.dir)
        options.tls_context = tls_context(options.cert, options.key)
    return options


class SmtpDouble(Double):
    """The same for pytest: a process of its own.

        with SmtpDouble(folder, "rcpt bad*=550 5.1.1 nobody") as relay:
            ... relay.port ... relay.messages() ... relay.rules("connect=421 busy & drop")
    """

    program = __file__
    rule = MailRule

    def files(self):
        return sorted((self.folder / "new").glob("*.eml"))

    def messages(self):
        """The messages kept, parsed by Python's email package, in order."""
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in self.files()]

    def clear(self):
        shutil.rmtree(self.folder / "new")
        (self.folder / "new").mkdir()


if __name__ == "__main__":
    try:
        asyncio.run(serve(read_options(sys.argv[1:])))
    except (OSError, ValueError) as error:
        sys.exit(f"smtp_double: {error}")
