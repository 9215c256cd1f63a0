"""A crowd: a roster of any size imported by `tenko import`, a relay that keeps what arrives
(Postfix's smtp-sink), and links made without the program's own code."""

import base64
import collections
import hashlib
import hmac
import os
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request

from harness import wait_for

USER_HEADER = ("更新区分,ユーザID,社員番号,ユーザ名,ふりがな,所属グループID,管理者権限,"
               "見える化ダッシュボード閲覧権限,働き方検索権限,メールアドレス,開始申請承認必須区分,"
               "終了申請承認必須区分,申請時業務登録必須区分,勤務終了時業務報告必須区分,休憩通知区分,"
               "勤務終了前通知区分,勤務終了予定時刻通知区分,勤務時間外バルーン通知区分,残業管理区分,"
               "勤務パターンID,削除区分")
GROUP_HEADER = "更新区分,グループID,グループ名,承認者,上位承認者,上位グループID,削除フラグ"
CONTACT_HEADER = ("更新区分,ユーザID,言語,メール1,メール2,メール3,電話1,電話2,電話3,発信順メール,"
                  "発信順電話1,発信順電話2,発信順電話3,勤務先地域,住所1地域,住所2地域,予備メール,予備電話")
GROUP_SIZE = 100


def addresses_of(number, count):
    return [f"p{number}.{i}@example.com" for i in range(1, count + 1)]


def import_crowd(tenko, people, addresses=2, phone_first=(), region=""):
    """Users p1 ... pN in groups of a hundred, each with so many mail addresses at dial order 1; those
    in `phone_first` have a telephone before it. All work in the region."""
    folder = tenko.root / "roster"
    folder.mkdir(exist_ok=True)

    def write(name, header, rows):
        text = "\r\n".join([header, *rows]) + "\r\n"
        path = folder / name
        path.write_bytes(text.encode("cp932"))
        return path

    group_count = (people + GROUP_SIZE - 1) // GROUP_SIZE
    groups = write("group.csv", GROUP_HEADER,
                   [f"1,g{g},第{g}課,p{(g - 1) * GROUP_SIZE + 1},,," for g in range(1, group_count + 1)])
    users = write("user.csv", USER_HEADER,
                  [f"1,p{n},{n:07},山田 {n}郎,,g{(n - 1) // GROUP_SIZE + 1},0,0,0,p{n}@example.com,"
                   "0,0,0,0,0,0,0,0,0,,"
                   for n in range(1, people + 1)])

    def contact(n):
        mails = addresses_of(n, addresses) + [""] * (3 - addresses)
        orders = "2,1,," if n in phone_first else "1,,,"
        phone = "09000000000" if n in phone_first else ""
        return f"1,p{n},ja,{','.join(mails)},{phone},,,{orders},{region},,,,"

    contacts = write("contact.csv", CONTACT_HEADER, [contact(n) for n in range(1, people + 1)])
    tenko.cli("import", "--groups", groups, "--users", users, "--contacts", contacts, deadline=120)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sink:
    """smtp-sink at a fixed port, to be stopped and started again; all it took is in one file."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        folder.chmod(0o777)  # as root it runs as nobody, who must get there
        folder.parent.chmod(0o711)
        self.port = free_port()
        self.process = None

    def start(self):
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["/usr/sbin/smtp-sink", *user, "-D", str(self.folder / "dump"),
             f"inet:127.0.0.1:{self.port}", "200"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, 10, "smtp-sink to answer")
        return self

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                return s.recv(3) == b"220"
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def messages(self):
        """(recipient, attempt id) of each message that arrived, in order."""
        path = self.folder / "dump"
        text = path.read_text(errors="replace") if path.exists() else ""
        found = []
        for message in re.split(r"^(?=X-Client-Addr: )", text, flags=re.M)[1:]:
            recipient = re.search(r"^X-Rcpt-Args: <([^>]*)>", message, re.M)
            attempt = re.search(r"^X-Tenko-Attempt: (\d+)", message, re.M)
            if recipient and attempt:
                found.append((recipient[1], int(attempt[1])))
        return found


def reply_key(tenko):
    """Id and key of the newest key of the links."""
    return (tenko.data_dir / "secret.key").read_text().split()[:2]


def token(tenko, broadcast, person, pair=None):
    """The reply token by its definition (common/auth/token.h), not by its code. `pair`: reply_key(),
    for who makes many."""
    key_id, key = pair or reply_key(tenko)
    head = int(key_id).to_bytes(1, "big") + broadcast.to_bytes(4, "big") + person.to_bytes(4, "big")
    tag = hmac.new(bytes.fromhex(key), b"tenko reply" + head, hashlib.sha256).digest()[:12]
    return base64.urlsafe_b64encode(head + tag).decode().rstrip("=")


def answer(tenko, broadcast, person, choice="safe", port=None):
    """Answers over HTTP; the seconds since the epoch when the endpoint had said that it is recorded."""
    url = f"http://127.0.0.1:{port or tenko.reply_port()}/r/{token(tenko, broadcast, person)}"
    form = urllib.parse.urlencode({"status": choice, "comment": "大丈夫です"}).encode()
    with urllib.request.urlopen(url, form, timeout=30) as response:
        assert response.status == 200
    return time.time()


def duplicates(messages):
    """Attempts that arrived more than once."""
    counts = collections.Counter(attempt for _, attempt in messages)
    return {attempt: n for attempt, n in counts.items() if n > 1}
