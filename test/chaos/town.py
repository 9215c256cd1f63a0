"""A real system and the world around it: tenkod with all its processes, people with addresses, a
mail relay (Postfix's smtp-sink), a telephone exchange and a push service that count what arrives."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from exchange_double import ACCOUNT, ExchangeDouble
from push_double import PushDouble

GROUP_HEADER = "更新区分,グループID,グループ名,承認者,上位承認者,上位グループID,削除フラグ"
USER_HEADER = ("更新区分,ユーザID,社員番号,ユーザ名,ふりがな,所属グループID,管理者権限,"
               "見える化ダッシュボード閲覧権限,働き方検索権限,メールアドレス,開始申請承認必須区分,"
               "終了申請承認必須区分,申請時業務登録必須区分,勤務終了時業務報告必須区分,休憩通知区分,"
               "勤務終了前通知区分,勤務終了予定時刻通知区分,勤務時間外バルーン通知区分,残業管理区分,"
               "勤務パターンID,削除区分")
CONTACT_HEADER = ("更新区分,ユーザID,言語,メール1,メール2,メール3,電話1,電話2,電話3,発信順メール,"
                  "発信順電話1,発信順電話2,発信順電話3,勤務先地域,住所1地域,住所2地域,予備メール,"
                  "予備電話,発信順プッシュ")
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
MAIL, VOICE, PUSH = 1, 2, 3
WORKERS, BATCH = 2, 50
BY_KEY = "callee +8190*[13]?=answer 1"  # these people press a key


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s in vain for {what}")


class Person:
    """What one has in the roster, and so is meant to get where they never answer."""

    def __init__(self, number):
        self.number = number
        kind = number % 20
        self.push = kind == 0
        self.telephone = f"090{number:08}" if kind in (1, 2) else ""
        self.mails = [f"p{number}.{i}@example.com" for i in range(1, 3 if kind > 2 else 2)]

    def contact(self):
        mails = self.mails + [""] * (3 - len(self.mails))
        first = 1 if self.telephone or self.push else ""
        mail_order = 2 if first else 1
        telephone_order = first if self.telephone else ""
        push_order = first if self.push else ""
        return (f"1,p{self.number},ja,{','.join(mails)},{self.telephone},,,{mail_order},"
                f"{telephone_order},,,,,,,,{push_order}")

    def meant(self):
        """(channel, address) of each step."""
        steps = [(PUSH, f"phone-{self.number}")] if self.push else []
        steps += [(VOICE, f"+81{self.telephone[1:]}")] if self.telephone else []
        return steps + [(MAIL, address) for address in self.mails]


class Relay:
    """smtp-sink, which keeps all it took in one file that we read on."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        folder.chmod(0o777)  # as root it runs as nobody
        self.port = free_port()
        self.process = None
        self.offset = 0

    def start(self):
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["/usr/sbin/smtp-sink", *user, "-D", str(self.folder / "dump"),
             f"inet:127.0.0.1:{self.port}", "200"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.kill()
        self.process.wait()

    def arrivals(self):
        """(address, attempt) of what came since the last call; call it when nothing is coming in."""
        path = self.folder / "dump"
        if not path.exists():
            return []
        with open(path, "rb") as dump:
            dump.seek(self.offset)
            data = dump.read()
        self.offset += len(data)
        found = []
        for message in re.split(rb"^(?=X-Client-Addr: )", data, flags=re.M)[1:]:
            recipient = re.search(rb"^X-Rcpt-Args: <([^>]*)>", message, re.M)
            attempt = re.search(rb"^X-Tenko-Attempt: (\d+)", message, re.M)
            if recipient and attempt:
                found.append((recipient[1].decode(), int(attempt[1])))
        return found


class Town:
    def __init__(self, root, bin_dir, people, say):
        self.root, self.bin, self.say = Path(root), Path(bin_dir), say
        self.data = self.root / "d"
        self.spent = self.root / "spent"
        self.people = {n: Person(n) for n in range(1, people + 1)}
        self.port = free_port()
        self.relay = Relay(self.root / "relay")
        self.exchange = ExchangeDouble(self.root / "exchange",
                                       BY_KEY, options=["--account", ACCOUNT])
        self.service = PushDouble()
        self.clock = self.root / "clock"
        self.fake_time = os.path.exists(FAKETIME) and not self.sanitized()
        self.master = None
        self.small_disk = False
        self.calls_seen = self.pushes_seen = 0

    def sanitized(self):
        """A sanitizer wants to be loaded first, and so does libfaketime."""
        return b"libasan" in subprocess.run(["ldd", self.bin / "tenkod"], capture_output=True,
                                            check=True).stdout

    # making it

    def __enter__(self):
        for folder in (self.data, self.spent):
            folder.mkdir()
        self.root.chmod(0o711)
        self.clock.write_text("+0\n")
        self.mount()
        self.relay.start()
        self.exchange.start()
        self.service.__enter__()
        self.configure()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.end_all()
        self.service.__exit__(None, None, None)
        self.exchange.stop()
        self.relay.stop()
        if self.small_disk:
            subprocess.run(["umount", "-l", self.data], check=False)

    def mount(self):
        """A disk of its own, small enough to be filled."""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,mode=700", "tmpfs", self.data],
                              capture_output=True, check=False)
        self.small_disk = done.returncode == 0

    def redis_server(self):
        """Redis under its own clock: its allocator and libfaketime do not go together."""
        path = self.root / "redis-server"
        path.write_text('#!/bin/sh\nunset LD_PRELOAD\nexec redis-server "$@"\n')
        path.chmod(0o755)
        return path

    def configure(self):
        rate = max(len(self.people) // 15, 20)
        settings = {
            "tenko": {"data_dir": self.data, "shutdown_grace": "10s", "organisation": "点呼商事"},
            "workers": {"mail": WORKERS, "voice": 1, "push": 1},
            "broadcast": {"channels": "mail,voice,push"},
            "mail": {"relay_port": self.relay.port, "session_messages": BATCH, "timeout": "3s"},
            "voice": {"api_url": self.exchange.url, "accounts": f"{ACCOUNT}:+815000000000:1",
                      "timeout": "2s", "ring_timeout": "2s", "longest_talk": "5s", "grace": "2s"},
            "push": {"allow_private": "yes", "contact": "mailto:admin@example.jp", "timeout": "5s"},
            "reply": {"port": self.port, "base_url": f"http://127.0.0.1:{self.port}"},
            "pacing": {"mail_rate": rate, "voice_rate": 0, "voice_window": 50,
                       "outage_backoff": "500ms", "outage_backoff_most": "2s", "outage_after": "10s"},
            "escalation": {"retry_interval": "3s", "final_wait": "3s", "voice_retries": 0},
            "redis": {"claim_timeout": "20s", "server": self.redis_server()},
        }
        text = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
                       for name, keys in settings.items())
        (self.root / "tenko.conf").write_text(text, encoding="utf-8")

    def write_roster(self):
        folder = self.root / "roster"
        folder.mkdir()
        groups = range(1, len(self.people) // 100 + 2)
        texts = {
            "group": [GROUP_HEADER, *(f"1,g{g},第{g}課,p1,,," for g in groups)],
            "user": [USER_HEADER, *(f"1,p{n},{n},山田 {n}郎,,g{n // 100 + 1},0,0,0,p{n}@example.com,"
                                    "0,0,0,0,0,0,0,0,0,," for n in self.people)],
            "contact": [CONTACT_HEADER, *(p.contact() for p in self.people.values())],
        }
        for name, lines in texts.items():
            (folder / f"{name}.csv").write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")
        self.tenko("import", *(w for name in texts for w in (f"--{name}s", folder / f"{name}.csv")))

    def subscribe(self):
        """Who has push in the dial order adds a phone, by the link of a broadcast that reaches nobody."""
        first = self.ask("--channels", "push", title="端末の登録")
        wait_until(lambda: self.status(first)["state"] == "finished", 60, "the invitation")
        for person in self.people.values():
            if not person.push:
                continue
            phone = self.service.subscribe(f"phone-{person.number}")
            request = urllib.request.Request(
                f"{self.link(first, person.number)}/device", json.dumps(phone.subscription).encode(),
                {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=20):
                pass

    # running it

    def environment(self, crash=""):
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("TENKO_", "NOTIFY_"))}
        keep.update(TZ="Asia/Tokyo", LC_ALL="C.UTF-8", TENKO_CHAOS_ROOT=str(self.root),
                    TENKO_CRASH=crash, TENKO_CRASH_SPENT=str(self.spent))
        if self.fake_time:
            keep.update(LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=str(self.clock),
                        FAKETIME_CACHE_DURATION="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
        return keep

    def start(self, crash=""):
        with open(self.root / "tenkod.log", "ab") as log:
            self.master = subprocess.Popen(
                [self.bin / "tenkod", "--config", self.root / "tenko.conf"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=self.environment(crash), cwd=self.root)

    def stop(self):
        if self.master and self.master.poll() is None:
            self.master.send_signal(signal.SIGTERM)
        if self.master:
            self.master.wait(60)
        wait_until(lambda: not self.processes(), 30, "all processes to end")

    def end_all(self):
        for pid in self.processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if self.master:
            self.master.wait()
        wait_until(lambda: not self.processes(), 30, "all processes to end")

    def processes(self):
        """Name by pid of all that tenkod started, and itself."""
        mark = f"TENKO_CHAOS_ROOT={self.root}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                # redis-server writes its title over its environment, but it works in our folder
                ours = mark in (entry / "environ").read_bytes().split(b"\0")
                ours = ours or os.readlink(entry / "cwd").startswith(f"{self.data}/")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if ours and state not in "ZX":
                    found[int(entry.name)] = (entry / "comm").read_text().strip()
        return found

    def tenko(self, *words, crash="", code=0):
        environment = self.environment(crash)
        done = subprocess.run([self.bin / "tenko", "--config", self.root / "tenko.conf",
                               *map(str, words)], capture_output=True, text=True, timeout=300,
                              stdin=subprocess.DEVNULL, env=environment, check=False)
        if code is not None and done.returncode != code:
            raise RuntimeError(f"tenko {words[0]}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ask(self, *more, title="地震です", crash=""):
        """The number of a new broadcast; None where the command was killed."""
        done = self.tenko("broadcast", "--title", title, "--yes", "--json", *more, crash=crash,
                          code=None if crash else 0)
        return json.loads(done.stdout)["broadcast"] if done.returncode == 0 else None

    def status(self, number):
        return json.loads(self.tenko("status", number, "--json").stdout)

    def sql(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.data / "tenko.db", timeout=30)) as db:
            return db.execute(statement, values).fetchall()

    # the people

    def link(self, broadcast, person):
        """Their personal link, by its definition (common/auth/token.h)."""
        key_id, key = (self.data / "secret.key").read_text().split()[:2]
        head = int(key_id).to_bytes(1, "big") + broadcast.to_bytes(4, "big") + person.to_bytes(4, "big")
        tag = hmac.new(bytes.fromhex(key), b"tenko reply" + head, hashlib.sha256).digest()[:12]
        token = base64.urlsafe_b64encode(head + tag).decode().rstrip("=")
        return f"http://127.0.0.1:{self.port}/r/{token}"

    def reply(self, broadcast, person, choice):
        """The HTTP status; 0 where nobody answered."""
        form = urllib.parse.urlencode({"status": choice}).encode()
        try:
            with urllib.request.urlopen(self.link(broadcast, person), form, timeout=15) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def arrivals(self):
        """(channel, address, attempt) of all that arrived since the last call; attempt 0: unknown."""
        found = [(MAIL, address, attempt) for address, attempt in self.relay.arrivals()]
        calls = self.exchange.calls()
        found += [(VOICE, call["to"], 0) for call in calls[self.calls_seen:]]
        self.calls_seen = len(calls)
        with self.service.lock:
            taken = [(name, status) for _, name, status in self.service.requests]
        found += [(PUSH, name, 0) for name, status in taken[self.pushes_seen:] if status == 201]
        self.pushes_seen = len(taken)
        return found
