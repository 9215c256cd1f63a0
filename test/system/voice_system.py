"""A whole system with a telephone exchange and a mail relay, for the tests of calls."""

from crowd import CONTACT_HEADER, GROUP_HEADER, USER_HEADER, free_port
from exchange_double import ACCOUNT, ExchangeDouble, call_in
from harness import wait_for
from smtp_double import SmtpDouble

CALLER = "+815000000000"
PROGRAMS = ("tenko-scheduler", "tenko-reply", "tenko-voice", "tenko-mail")


class Person:
    """A row of the roster: telephones and mails in their dial orders."""

    def __init__(self, code, name="山田 太郎", language="ja", mails=(), telephones=(), mail_order="",
                 orders=("", "", ""), voice=("", "")):
        self.code, self.name, self.language, self.voice = code, name, language, voice
        self.mails = [*mails, "", "", ""][:3]
        self.telephones = [*telephones, "", "", ""][:3]
        self.orders = [mail_order, *orders]

    def contact(self):
        return ",".join(map(str, ["1", self.code, self.language, *self.mails, *self.telephones,
                                  *self.orders, "", "", "", "", "", *self.voice]))


def telephone(code, number, **more):
    """Somebody with one telephone and nothing else."""
    return Person(code, telephones=[number], orders=(1, "", ""), **more)


class VoiceSystem:
    def __init__(self, tenko):
        self.tenko = tenko
        self.exchange = ExchangeDouble(tenko.root / "exchange", options=["--account", ACCOUNT])
        self.relay = SmtpDouble(tenko.root / "relay")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.exchange.start()
        self.relay.start()
        self.tenko.configure(
            tenko={"organisation": "点呼 & 商事 <本社>"},
            broadcast={"channels": "mail,voice"},
            mail={"relay_port": self.relay.port, "timeout": "3s"},
            voice={"api_url": self.exchange.url, "accounts": f"{ACCOUNT}:{CALLER}:1",
                   "timeout": "1s", "ring_timeout": "1s", "longest_talk": "2s", "grace": "2s"},
            reply={"port": self.port, "base_url": self.url},
            pacing={"voice_rate": 0, "voice_window": 20, "outage_backoff": "200ms",
                    "outage_backoff_most": "500ms"},
            escalation={"retry_interval": "1s", "final_wait": "500ms"},
            redis={"claim_timeout": "10s", "timeout": "1s"})
        self.tenko.start_redis()
        return self

    def __exit__(self, *_):
        self.exchange.stop()
        self.relay.stop()

    def load(self, *people):
        folder = self.tenko.root / "roster"
        folder.mkdir(exist_ok=True)
        files = {"group": [GROUP_HEADER, f"1,g1,総務部,{people[0].code},,,"],
                 "user": [USER_HEADER, *(f"1,{p.code},1,{p.name},,g1,0,0,0,{p.code}@example.com,"
                                         "0,0,0,0,0,0,0,0,0,,"
                                         for p in people)],
                 "contact": [f"{CONTACT_HEADER},音声ID,音声PIN", *(p.contact() for p in people)]}
        words = []
        for name, lines in files.items():
            path = folder / f"{name}.csv"
            path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")
            words += [f"--{name}s", path]
        return self.tenko.cli("import", *words)

    def start(self, *programs):
        return [self.tenko.start(name) for name in programs or PROGRAMS]

    def ask(self, *more, title="地震です"):
        return self.tenko.cli_json("broadcast", "--title", title, "--yes", *more)["broadcast"]

    def status(self, *words):
        return self.tenko.cli_json("status", *map(str, words))

    def finished(self, *words, deadline=60):
        status = wait_for(lambda: (s := self.status(*words))["state"] == "finished" and s, deadline,
                          "the end")
        wait_for(lambda: not self.tenko.sql("SELECT 1 FROM attempt WHERE outcome IS NULL"), 20,
                 "the end of the last call")
        self.tenko.cli("verify")
        return self.status(*words)

    def calls(self, to=None, count=1):
        wait_for(lambda: len(self.exchange.calls(to)) >= count, 20, f"{count} calls")
        found = self.exchange.calls(to)
        assert not [fault for call in found for fault in call["faults"]], found
        return found

    def call_in(self, *keys):
        return call_in(f"{self.url}/voice/inbound", keys, ACCOUNT)

    def attempts(self):
        """(person, order, address, try, outcome, rides) in order."""
        return self.tenko.sql(
            "SELECT p.code, a.dial_order, a.address_position, a.try, a.outcome,"
            " a.call_attempt_id IS NOT NULL FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
            " JOIN person p ON p.id = d.person_id ORDER BY a.id")

    def replies(self):
        return self.tenko.sql("SELECT p.code, r.choice, r.way FROM reply r"
                              " JOIN person p ON p.id = r.person_id ORDER BY r.id")
