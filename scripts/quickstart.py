"""The second half of scripts/quickstart: a roster, a broadcast, people who answer, and the sums.

Everything goes the way it goes for real: the operator's command, mail over SMTP into a sandbox
that keeps each message as a file, people who open the link of their message over HTTP.
"""

import argparse
import contextlib
import csv
import email
import email.policy
import html.parser
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "config" / "sample"
DAY = "20261121"
MARK = ".quickstart"  # in a folder that is ours to replace
PATH_MOST = 88        # bytes of a data directory, for the sockets in it
PATIENCE = 90         # seconds for anything to happen

TITLE = "【安否確認】地震が発生しました"
TITLE_EN = "Safety check: earthquake"
BODY = "21日午前、強い揺れがありました。\n下のリンクから状況をお知らせください。"
BODY_EN = "A strong earthquake was felt this morning.\nPlease tell us how you are."


@dataclass
class Answer:
    person: str
    choice: str
    comment: str = ""
    message: int = 0  # which of the messages they got the link is taken from
    note: str = ""


ANSWERS = [
    Answer("U02", "safe"),
    Answer("U01", "safe", "出張先にいます", 1, "from the second address"),
    Answer("U05", "safe"),
    Answer("U03", "slight", "A cut on my hand, otherwise fine", 0, "in English"),
    Answer("U07", "safe", "家族も無事です"),
    Answer("U06", "severe", "足を骨折、金沢事業所2階 ①会議室"),
    Answer("U05", "slight", "訂正します。軽いやけどです", 0, "a second time: the newest counts"),
]
LATE_ANSWER = Answer("U08", "other", "電車の中です", 1, "to the reminder")
PROXY = ("U04", "safe", "電話で確認しました", "営業1課課長")  # has telephones only
SILENT = "U09"


class Failed(Exception):
    """Something did not happen; says what."""


# what is printed


class Output:
    def __init__(self, first_step):
        self.number = first_step
        self.live = sys.stdout.isatty()
        self.last = None

    def step(self, english, japanese):
        self.settle()
        print(f"{self.number:2}  {english} · {japanese}", flush=True)
        self.number += 1

    def say(self, text=""):
        self.settle()
        print(f"    {text}".rstrip(), flush=True)

    def progress(self, text):
        """A line that is drawn over, or printed when it changes."""
        if text == self.last:
            return
        self.last = text
        if self.live:
            print(f"\r    {text}\033[K", end="", flush=True)
        else:
            print(f"    {text}", flush=True)

    def settle(self):
        if self.live and self.last is not None:
            print(flush=True)
        self.last = None


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failed(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(0.05)
    return value


# the folder and what runs in it


def choose_folder(options):
    if options.mode == "check" and not options.dir:
        return Path(tempfile.mkdtemp(prefix="tenko-quickstart."))
    folder = options.dir or ROOT / "build" / "quickstart"
    if len(os.fsencode(folder / "data")) > PATH_MOST:
        short = Path(tempfile.gettempdir()) / f"tenko-quickstart-{os.getuid()}"
        print(f"    {folder} is too long a path for the sockets in it; using {short}")
        folder = short
    return folder


def make_folder(folder):
    if folder.exists():
        ours = (folder / MARK).exists() or not any(folder.iterdir())
        if not ours:
            raise Failed(f"{folder} holds something else; name another folder with --dir")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def command_of(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []


def runs(pid, folder):
    """Whether that process is one that was started for this folder."""
    return any(word.startswith(os.fsencode(folder) + b"/") for word in command_of(pid))


def pid_in(path):
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text().split()[0])
    return 0


def stop(folder):
    """Ends what runs for this folder: the master, which ends its children, then the sandbox."""
    stopped = 0
    for path in (folder / "data" / "run" / "tenkod.pid", folder / "sandbox.pid"):
        pid = pid_in(path)
        if pid and runs(pid, folder):
            os.kill(pid, signal.SIGTERM)
            wait_for(f"process {pid} to end", lambda p=pid: not runs(p, folder))
            stopped += 1
    return stopped


def free_port(wanted, output):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
            taken = probe.getsockname()[1]
            output.say(f"port {wanted} is taken, using {taken} · ポート{wanted}は使用中です")
            return taken
    return wanted


# the system


class System:
    def __init__(self, folder, programs, output):
        self.folder = folder
        self.programs = programs
        self.output = output
        self.data = folder / "data"
        self.config = self.data / "tenko.conf"
        self.mails = folder / "mail"
        self.sandbox = None
        self.base_url = ""

    def run(self, *command):
        """Runs one of our programs to its end; its standard output."""
        done = subprocess.run([self.programs / command[0], *map(str, command[1:])], text=True,
                              capture_output=True, timeout=PATIENCE)
        if done.returncode:
            raise Failed(f"{' '.join(map(str, command))}: exit code {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
        return done.stdout

    def tenko(self, *words):
        return self.run("tenko", "--config", self.config, *words)

    def tenko_json(self, *words):
        return json.loads(self.tenko(*words, "--json"))

    def set(self, values):
        """Changes settings in the file that `tenko init` wrote."""
        section, lines, left = "", [], dict(values)
        for line in self.config.read_text(encoding="utf-8").splitlines():
            section = line[1:-1] if line.startswith("[") else section
            key = (section, line.partition("=")[0].strip())
            lines.append(f"{key[1]} = {left.pop(key)}" if key in left else line)
        if left:
            raise Failed(f"no such settings: {left}")
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start_sandbox(self):
        """The mail sandbox: in the background, with its process number in a file."""
        command = ["/usr/bin/python3", ROOT / "test" / "doubles" / "smtp_double.py",
                   "--dir", self.mails, "--port", free_port(2525, self.output)]
        with open(self.folder / "sandbox.log", "wb") as log:
            self.sandbox = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        (self.folder / "sandbox.pid").write_text(f"{self.sandbox.pid}\n")
        port = self.mails / "port"
        wait_for("the mail sandbox", lambda: port.exists() and port.read_text().strip())
        return int(port.read_text())

    def start(self):
        self.run("tenko", "init", self.data)
        relay = self.start_sandbox()
        port = free_port(8080, self.output)
        self.base_url = f"http://127.0.0.1:{port}"
        self.set({
            ("tenko", "organisation"): "株式会社サンプル",
            ("tenko", "user"): "root" if os.geteuid() == 0 else "",
            ("tenko", "shutdown_grace"): "10s",
            ("workers", "mail"): 1,
            ("escalation", "retry_interval"): "2s",
            ("escalation", "final_wait"): "4s",
            ("mail", "relay_port"): relay,
            ("mail", "from_address"): "anpi@sample.example.jp",
            ("reply", "port"): port,
            ("reply", "base_url"): self.base_url,
        })
        self.tenko("config", "check")
        self.run("tenkod", "--config", self.config, "--daemon", "--log", self.data / "tenko.log")

    def get(self, path):
        with urllib.request.urlopen(self.base_url + path, timeout=PATIENCE) as page:
            return page.read().decode()

    def messages(self):
        """What the sandbox has taken, by recipient's words, in the order it came."""
        found = []
        for path in sorted((self.mails / "new").glob("*.eml")):
            with open(path, "rb") as file:
                found.append(email.message_from_binary_file(file, policy=email.policy.default))
        return found

    def log_tail(self, lines=25):
        log = self.data / "tenko.log"
        text = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(f"    | {line}" for line in text[-lines:])


# people


def address_of(message):
    """The plain address; a local part that had to be quoted comes without its quotes."""
    words = str(message["X-Sandbox-Recipient"]).partition(">")[0].lstrip("<")
    local, _, domain = words.rpartition("@")
    return f"{local.strip(chr(34))}@{domain}"


def text_of(message):
    return message.get_body(("plain",)).get_content()


def read_sample():
    """Each person's mail addresses in the order they are tried; none where mail is not dialled."""
    with open(SAMPLE / f"contact_{DAY}.csv", encoding="cp932", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["ユーザID"]: [row[f"メール{i}"] for i in (1, 2, 3)
                               if row[f"メール{i}"] and row["発信順メール"]] for row in rows}


class Form(html.parser.HTMLParser):
    """The one form of a reply page: where it goes, and its choices."""

    def __init__(self, page):
        super().__init__()
        self.method, self.action, self.choices = "", "", []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "form" and values.get("method", "").lower() == "post":
            self.method, self.action = "post", values.get("action") or ""
        if tag in ("input", "button") and values.get("name") == "status":
            self.choices.append(values.get("value"))


def open_page(url, data=None):
    fields = urllib.parse.urlencode(data).encode() if data else None
    try:
        with urllib.request.urlopen(url, fields, timeout=PATIENCE) as page:
            return page.read().decode()
    except urllib.error.URLError as fault:
        raise Failed(f"{'POST' if data else 'GET'} of a personal link: {fault}") from fault


def give_answer(link, answer):
    """Opens the link, fills in the form, sends it, and looks at what was recorded."""
    form = Form(open_page(link))
    if answer.choice not in form.choices:
        raise Failed(f"the reply page of {answer.person} offers {form.choices}")
    fields = {"status": answer.choice, "comment": answer.comment}
    shown = html.unescape(open_page(urllib.parse.urljoin(link, form.action), fields))
    if answer.comment not in shown:
        raise Failed(f"the page does not show back what {answer.person} wrote")


# the tour


class Tour:
    def __init__(self, system, output):
        self.system = system
        self.output = output
        self.sample = read_sample()
        self.person_of = {address: person for person, addresses in self.sample.items()
                          for address in addresses}
        self.broadcast = 0
        self.made = []    # replies, as (person, choice)
        self.faults = []

    def status(self):
        return self.system.tenko_json("status", self.broadcast)

    def show(self):
        """Draws how far it is; the status."""
        s = self.status()
        done = s["answered"] + s["exhausted"] + s["cancelled"]
        width = 24 * done // max(s["targeted"], 1)
        self.output.progress(
            f"[{'#' * width}{'.' * (24 - width)}] {done} of {s['targeted']} accounted for: "
            f"{s['answered']} answered, {s['exhausted']} exhausted, "
            f"{s['waiting'] + s['in_flight']} to come")
        return s

    def wait_status(self, what, condition):
        wait_for(what, lambda: condition(self.show()))
        self.output.settle()

    def messages_of(self, person):
        return [m for m in self.system.messages()
                if self.person_of.get(address_of(m)) == person]

    def wait_messages(self, times):
        """Until everyone has the messages of so many rounds; `times` by person."""
        expected = sum(len(self.sample[p]) * n for p, n in times.items())
        wait_for(f"{expected} messages in the sandbox",
                 lambda: self.show() and len(self.system.messages()) >= expected)
        self.output.settle()

    def link_of(self, message):
        found = re.search(re.escape(self.system.base_url) + r"/r/[\w-]+", text_of(message))
        if not found:
            raise Failed(f"no personal link in the message to {address_of(message)}")
        return found[0]

    # steps

    def import_roster(self):
        words = []
        for option, name in (("groups", "group"), ("users", "user"),
                             ("patterns", "work_pattern"), ("contacts", "contact")):
            words += [f"--{option}", SAMPLE / f"{name}_{DAY}.csv"]
        for line in self.system.tenko("import", *words).splitlines():
            self.output.say(line)

    def send(self):
        body, body_en = self.system.folder / "body.txt", self.system.folder / "body.en.txt"
        body.write_text(BODY + "\n", encoding="utf-8")
        body_en.write_text(BODY_EN + "\n", encoding="utf-8")
        told = self.system.tenko_json("broadcast", "--title", TITLE, "--title-en", TITLE_EN,
                                      "--body", body, "--body-en", body_en, "--to", "all", "--yes")
        self.broadcast = told["broadcast"]
        self.output.say(f"broadcast {self.broadcast}, {told['targeted']} people: {TITLE}")
        self.wait_messages({person: 1 for person in self.sample})

    def answer(self, answer):
        own = self.messages_of(answer.person)
        give_answer(self.link_of(own[answer.message]), answer)
        self.made.append((answer.person, answer.choice))
        note = f"  ({answer.note})" if answer.note else ""
        self.output.say(f"{answer.person}  {answer.choice:7} {answer.comment}{note}")

    def people_answer(self):
        for answer in ANSWERS:
            self.answer(answer)
        answered = len({answer.person for answer in ANSWERS})
        # those who say nothing are exhausted once the final wait is over; U04 has no mail at all
        self.wait_status("everyone to be accounted for", lambda s: s["answered"] == answered
                         and s["answered"] + s["exhausted"] == s["targeted"])

    def remind(self):
        self.output.say(f"tenko remind {self.broadcast}: the unanswered are asked again")
        self.system.tenko("remind", self.broadcast)
        self.wait_messages({**{person: 1 for person in self.sample},
                            LATE_ANSWER.person: 2, SILENT: 2})
        self.answer(LATE_ANSWER)
        person, choice, comment, by = PROXY
        self.system.tenko("reply", self.broadcast, person, "--choice", choice,
                          "--comment", comment, "--by", by)
        self.made.append((person, choice))
        self.output.say(f"{person}  {choice:7} {comment}  (no mail: entered by {by})")
        answered = len({p for p, _ in self.made})
        self.wait_status("the last to be accounted for", lambda s: s["answered"] == answered
                         and s["answered"] + s["exhausted"] == s["targeted"])

    # the sums

    def check(self, right, english, japanese, details=""):
        self.output.say(f"{'ok  ' if right else 'NOT '}  {english} · {japanese}")
        if not right:
            self.faults.append(english)
            self.output.say(f"      {details}")

    def check_messages(self):
        """Exactly those of the dial order: once each, twice who was reminded."""
        wrong = []
        for person, addresses in self.sample.items():
            times = 2 if person in (LATE_ANSWER.person, SILENT) else 1
            got = [address_of(m) for m in self.messages_of(person)]
            if got != addresses * times:
                wrong.append(f"{person}: {got}")
        total = len(self.system.messages())
        known = sum(len(self.messages_of(person)) for person in self.sample)
        self.check(not wrong and total == known,
                   f"{total} messages, to each person's addresses in dial order",
                   "発信順どおりに届きました", "; ".join(wrong))

    def check_texts(self):
        wrong = []
        for message in self.system.messages():
            person = self.person_of.get(address_of(message))
            title, body = (TITLE_EN, BODY_EN) if person == "U03" else (TITLE, BODY)
            if message["Subject"] != title or body.split("\n")[0] not in text_of(message):
                wrong.append(f"{person}: {message['Subject']}")
        self.check(not wrong, "each in the person's language", "本人の言語で届きました",
                   "; ".join(wrong))

    def check_replies(self):
        path = f"file:{self.system.data / 'tenko.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as store:
            kept = store.execute("SELECT p.code, r.choice FROM reply r JOIN person p "
                                 "ON p.id = r.person_id ORDER BY r.id").fetchall()
        self.check(kept == self.made, f"{len(self.made)} answers made, all recorded",
                   "回答はすべて記録されました", f"made {self.made}, recorded {kept}")
        newest = dict(self.made)
        shown = {p["user"]: p["choice"] for p in
                 self.system.tenko_json("list", self.broadcast, "--state", "answered")["people"]}
        self.check(shown == newest, "the newest answer of each person counts",
                   "最新の回答が有効です", f"{shown}")

    def check_status(self):
        s = self.status()
        parts = ("waiting", "in_flight", "answered", "exhausted", "cancelled")
        self.check(s["balanced"] and s["targeted"] == len(self.sample)
                   and s["targeted"] == sum(s[p] for p in parts),
                   f"{s['targeted']} targeted = {s['answered']} answered + {s['exhausted']} exhausted",
                   "人数が一致します", json.dumps(s))
        served = json.loads(self.system.get("/stats.json"))
        same = any(b["broadcast"] == self.broadcast and b["answered"] == s["answered"]
                   for b in served["broadcasts"])
        self.check(same, "monitoring sees the same (/stats.json)", "監視画面の値も一致します",
                   json.dumps(served))

    def check_verify(self):
        try:
            self.system.tenko("verify")
            self.check(True, "tenko verify: recounted from the rows, no difference",
                       "検算も一致しました")
        except Failed as fault:
            self.check(False, "tenko verify", "検算", str(fault))

    def check_all(self):
        self.check_messages()
        self.check_texts()
        self.check_replies()
        self.check_status()
        self.check_verify()
        if self.faults:
            raise Failed("not everything is as it should be: " + "; ".join(self.faults))

    # the end

    def look(self):
        system = self.system
        self.output.step("It is running: have a look", "起動中です")
        link = self.link_of(self.messages_of(SILENT)[0])
        for line in (
                f"answer yourself      {link}",
                f"the messages         {system.mails}/new",
                f"figures              {system.base_url}/stats.json",
                f"the log              {system.data}/tenko.log",
                "",
                f"export TENKO_CONFIG={system.config} PATH={system.programs}:$PATH",
                "tenko status         how far it is",
                f"tenko list {self.broadcast} --state unanswered",
                "tenko help",
                "",
                f"to stop it           {ROOT}/scripts/quickstart --stop"
                + ("" if system.folder == ROOT / "build" / "quickstart"
                   else f" --dir {system.folder}")):
            self.output.say(line)
        print()


def tour(system, output):
    output.step("Data directory and start", "データディレクトリの作成と起動")
    system.start()
    output.say(f"{system.data}: tenkod runs, with its own Redis; reply pages at {system.base_url}")
    t = Tour(system, output)
    output.step("Roster, from four Shift_JIS files", "名簿の取り込み (Shift_JIS)")
    t.import_roster()
    output.step("Broadcast by mail, in each person's dial order", "メールで一斉通報")
    t.send()
    output.step("People open their link and answer", "リンクから回答")
    t.people_answer()
    output.step("A reminder, and an answer entered for somebody", "再送と代理入力")
    t.remind()
    output.step("Does it add up?", "集計の確認")
    t.check_all()
    return t


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("run", "check", "stop"))
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--dir", type=Path)
    return parser.parse_args()


def run(options, folder, output):
    system = System(folder, options.bin.resolve(), output)
    if stop(folder):
        output.say("stopped what an earlier quickstart left running · 前回の分を停止しました")
    make_folder(folder)
    try:
        t = tour(system, output)
    except BaseException:
        output.settle()
        print(system.log_tail(), file=sys.stderr)
        stop(folder)
        raise
    if options.mode == "run":
        t.look()
        return
    output.step("Stop", "停止")
    stop(folder)
    shutil.rmtree(folder)
    output.say("all stopped; everybody was reached, every answer was recorded · 完了")


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stderr.reconfigure(encoding="utf-8")
    options, output = read_options(), Output(3)
    folder = None
    try:
        folder = choose_folder(options)
        if options.mode == "stop":
            print("stopped" if stop(folder) else "nothing was running")
        else:
            run(options, folder, output)
    except Failed as fault:
        print(f"\n    FAILED: {fault}\n    what there is: {folder}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
