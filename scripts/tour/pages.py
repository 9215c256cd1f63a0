"""The reply page, as a browser uses it."""

import html
import html.parser
import json
import re
import urllib.parse
import urllib.request

from ground import PATIENCE, Failed


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


def request(url, data=None, kind="application/x-www-form-urlencoded"):
    """The status and the page."""
    asked = urllib.request.Request(url, data, {"Content-Type": kind} if data else {})
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as page:
            return page.status, page.read().decode()
    except OSError as fault:
        raise Failed(f"{'POST' if data else 'GET'} of a personal link: {fault}") from fault


def give_answer(link, answer):
    """Opens the link, fills in the form, sends it, and looks at what was recorded."""
    form = Form(request(link)[1])
    if answer.choice not in form.choices:
        raise Failed(f"the reply page of {answer.person} offers {form.choices}")
    fields = urllib.parse.urlencode({"status": answer.choice, "comment": answer.comment}).encode()
    shown = html.unescape(request(urllib.parse.urljoin(link, form.action), fields)[1])
    if answer.comment not in shown:
        raise Failed(f"the page does not show back what {answer.person} wrote")


def add_phone(link, subscription):
    """Takes up the page's offer to notify this phone, as its script would."""
    offered = re.search(r"<[^>]*\bdata-key=[\"']?([\w-]{80,})", request(link)[1])
    if not offered:
        raise Failed("the reply page does not offer notifications")
    status, _ = request(f"{link}/device", json.dumps(subscription).encode(), "application/json")
    if status != 201:
        raise Failed(f"the phone was not taken: HTTP {status}")
