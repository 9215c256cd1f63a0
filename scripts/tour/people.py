"""The people of the sample roster: their messages, and how they answer."""

import csv
import html
import html.parser
import urllib.parse
import urllib.request
from dataclasses import dataclass

from ground import PATIENCE, ROOT, Failed

SAMPLE = ROOT / "config" / "sample"
DAY = "20261121"


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
    except OSError as fault:
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
