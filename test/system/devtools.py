"""Chromium by its DevTools protocol, over a pipe: for what WebDriver cannot reach, such as service
workers.

    with Chromium(folder) as browser:
        page = browser.page()
        page.call("Page.navigate", url=...)
        page.evaluate("document.title")
"""

import contextlib
import json
import os
import select
import shutil
import subprocess
import time

CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--lang=ja"]


class Fault(Exception):
    """The browser refused a command, or a script failed."""


class Chromium:
    def __init__(self, folder, deadline=30):
        self.deadline = deadline
        self.last_id = 0
        self.buffer = b""
        self.events = []  # every message that answers no command
        their_in, self.out = os.pipe()
        self.into, their_out = os.pipe()
        # The browser reads its commands from descriptor 3 and answers on 4.
        command = [CHROMIUM, *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        with open(f"{folder}.log", "wb") as log:
            self.process = subprocess.Popen(
                ["/bin/bash", "-c", f'exec "$@" 3<&{their_in} 4>&{their_out}', "chromium", *command],
                pass_fds=[their_in, their_out], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(their_in)
        os.close(their_out)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        with contextlib.suppress(OSError, Fault):
            self.call("Browser.close")
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.into)

    def read(self, end):
        """The next message."""
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, end - time.monotonic()))
            data = os.read(self.into, 65536) if ready else b""
            if not data:
                raise Fault("the browser is silent" if not ready else "the browser has ended")
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + self.deadline
        while True:
            answer = self.read(end)
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise Fault(f"{method}: {answer['error']['message']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def page(self):
        return self.attach(self.call("Target.createTarget", url="about:blank")["targetId"])

    def targets(self, kind):
        return [t["targetId"] for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == kind]

    def attach(self, target):
        return Session(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])


class Session:
    """A page or a service worker."""

    def __init__(self, browser, name):
        self.browser = browser
        self.name = name

    def call(self, method, **parameters):
        return self.browser.call(method, session=self.name, **parameters)

    def evaluate(self, script, gesture=False):
        """The value of an expression; of a promise, what it comes to."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True,
                           userGesture=gesture)
        if "exceptionDetails" in answer:
            raise Fault(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")
