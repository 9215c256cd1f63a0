"""Other systems beside ours, on this machine in the same run: BullMQ, Celery and Kannel, each with no-op
jobs or a pretended carrier. What is not installed is reported as a fault and costs nothing else.

A peer is a function of a folder and whether to be quick; it returns samples.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

from crowd import free_port
from figures import Sample
from ground import HERE, until

REPOSITORY = HERE.parents[1]


def start(stack, *command, **popen):
    """A process that ends with the block."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **popen)

    def end():
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(end)
    return process


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def start_redis(stack, folder):
    """With a log written every second, as ours has it; the port."""
    port = free_port()
    start(stack, "redis-server", "--port", port, "--save", "", "--appendonly", "yes", "--dir", folder)
    until(lambda: listens(port), "redis-server", 15)
    return port


def wanted(*programs):
    for name in programs:
        if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin"):
            raise RuntimeError(f"{name} is not installed")


def bullmq(folder, quick):
    """BullMQ, from npm."""
    wanted("node", "npm")
    made = REPOSITORY / "build" / "bench" / "bullmq"
    if not (made / "node_modules" / "bullmq").exists():
        made.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "bullmq@5"], cwd=made, text=True,
                              capture_output=True)
        if done.returncode:
            raise RuntimeError(f"npm install bullmq failed: {done.stderr.strip().splitlines()[-1]}")
    shutil.copy(HERE / "bullmq.js", made)
    with contextlib.ExitStack() as stack:
        port = start_redis(stack, folder)
        done = subprocess.run(["node", made / "bullmq.js", str(port), "2000" if quick else "50000"], text=True,
                              capture_output=True, check=True, timeout=600)
    found = json.loads(done.stdout)
    return [Sample("BullMQ: added in bulk", found["added"], "jobs/s"),
            Sample("BullMQ: no-op jobs processed", found["processed"], "jobs/s")]


CELERY = """
import celery
app = celery.Celery("peer", broker="redis://127.0.0.1:{port}/0")
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=100, broker_connection_retry_on_startup=True)

@app.task(name="peer.nothing")
def nothing():
    pass
"""


def celery(folder, quick):
    """Celery on Redis, from Debian."""
    count = 500 if quick else 20000
    probe = subprocess.run([sys.executable, "-c", "import celery"], capture_output=True)
    if probe.returncode:
        raise RuntimeError("python3-celery is not installed")
    with contextlib.ExitStack() as stack:
        port = start_redis(stack, folder)
        (folder / "peer.py").write_text(CELERY.format(port=port), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", "import peer, time; peer.nothing.delay(); b = time.monotonic()\n"
             f"for _ in range({count}): peer.nothing.delay()\nprint(time.monotonic() - b)"],
            cwd=folder, text=True, capture_output=True, check=True)
        import redis
        queue = redis.Redis(port=port)
        start(stack, sys.executable, "-m", "celery", "-A", "peer", "worker", "-c", "2", "--loglevel", "error",
              cwd=folder, env=dict(os.environ, C_FORCE_ROOT="1"))
        until(lambda: queue.llen("celery") <= count - 1, "the first task", 120)
        began = time.monotonic()
        until(lambda: queue.llen("celery") == 0 and queue.hlen("unacked") == 0, "the last task", 600)
        seconds = time.monotonic() - began
        queue.close()
    return [Sample("Celery: enqueued", count / float(done.stdout), "jobs/s"),
            Sample("Celery: no-op jobs processed", count / seconds, "jobs/s")]


KANNEL = """
group = core
admin-port = {admin}
admin-password = bench
admin-allow-ip = 127.0.0.1
smsbox-port = {box}
box-allow-ip = 127.0.0.1
store-type = file
store-location = {folder}/kannel.store
log-file = {folder}/bearerbox.log
log-level = 4

group = smsc
smsc = fake
smsc-id = fake
port = {carrier}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sms}
global-sender = 13013
log-file = {folder}/smsbox.log
log-level = 4

group = sendsms-user
username = bench
password = bench
max-messages = 1

group = sms-service
keyword = default
text = "none"
"""


def kannel(folder, quick):
    """Kannel, from Debian: HTTP in, its own pretended carrier out, with the file store."""
    fake = next((path for path in ("/usr/lib/kannel/test/fakesmsc", "/usr/sbin/fakesmsc", "/usr/bin/fakesmsc")
                 if os.path.exists(path)), None)
    wanted("bearerbox", "smsbox", "wrk")
    if not fake:
        raise RuntimeError("Kannel's fakesmsc (kannel-extras) is not installed")
    ports = {name: free_port() for name in ("admin", "box", "carrier", "sms")}
    conf = folder / "kannel.conf"
    conf.write_text(KANNEL.format(folder=folder, **ports), encoding="utf-8")

    def sent():
        with urllib.request.urlopen(f"http://127.0.0.1:{ports['admin']}/status.txt?password=bench", timeout=10) as page:
            text = page.read().decode(errors="replace")
        found = re.search(r"SMS: received .*sent (\d+) \((\d+) queued\)", text)
        return int(found[1]), int(found[2])

    with contextlib.ExitStack() as stack:
        start(stack, "/usr/sbin/bearerbox", conf, cwd=folder)
        until(lambda: listens(ports["box"]) and listens(ports["admin"]), "bearerbox", 30)
        start(stack, fake, "-H", "127.0.0.1", "-r", ports["carrier"], "-m", "0", "1 2 text none", cwd=folder)
        start(stack, "/usr/sbin/smsbox", conf, cwd=folder)
        until(lambda: listens(ports["sms"]), "smsbox", 30)
        began = time.monotonic()
        subprocess.run(["wrk", "-t1", "-c64", "-d2s" if quick else "-d10s",
                        f"http://127.0.0.1:{ports['sms']}/cgi-bin/sendsms?username=bench&password=bench"
                        "&to=0123456789&text=safe"], check=True, stdout=subprocess.DEVNULL)
        until(lambda: sent()[0] > 0 and sent()[1] == 0, "the last message", 120)
        rate = sent()[0] / (time.monotonic() - began)
    return [Sample("Kannel: HTTP in to carrier out", rate, "messages/s")]


PEERS = (kannel, bullmq, celery)
