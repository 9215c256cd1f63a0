"""Machines with workers alone: two of them beside the main one, and one is lost in the middle."""

import os
import signal
import subprocess

import pytest
import redis as redis_client

import crowd
from harness import Process, children_of, program, wait_for
from hosts import Network
from smtp_double import SmtpDouble

PEOPLE = 300
WORKERS = 2          # on each machine
SESSION = 10         # messages that a worker has in hand at most
CLAIM_SECONDS = 10    # after which its jobs go to another
PASSWORD = "a password of the belt"


class Relay(SmtpDouble):
    """On the main machine, open to the others, at its leisure."""

    def __init__(self, host, folder):
        super().__init__(folder, "end=late 0.05", options=["--host", "0.0.0.0"])
        self.command = [*host.enter, *self.command]


def start(tenko, name, command, host, ready=True, **popen):
    process = Process(name, [*host.enter, *command], tenko.log_path(f"{name}-{host.name}"),
                      tenko.environment(), ready, **popen)
    tenko.processes.append(process)
    return process


def start_redis(tenko, host):
    """Open to the network, by its password."""
    folder = tenko.root / "redis"
    folder.mkdir()
    process = start(tenko, "redis-server", ["redis-server", "-"], host, ready=False,
                    stdin=subprocess.PIPE)
    process.popen.stdin.write(f'bind 0.0.0.0\nport 6379\nrequirepass "{PASSWORD}"\ndir {folder}\n'
                              f'unixsocket {folder}/r.sock\nunixsocketperm 700\nsave ""\n'
                              "appendonly yes\nmaxmemory-policy noeviction\n".encode())
    process.popen.stdin.close()
    client = redis_client.Redis(unix_socket_path=f"{folder}/r.sock", password=PASSWORD,
                                decode_responses=True)

    def answers():
        try:
            return client.ping()
        except redis_client.ConnectionError:
            return False

    wait_for(answers, 15, "redis-server to answer", process)
    tenko.configure(redis={"mode": "external", "address": f"unix:{folder}/r.sock",
                           "password": PASSWORD, "claim_timeout": f"{CLAIM_SECONDS}s"})
    return client


class WorkerHost:
    """What an admin sets up there: settings of a few lines, an empty folder, and tenkod."""

    def __init__(self, tenko, network, number, relay):
        self.host = network.host(f"worker-{number}")
        folder = tenko.root / self.host.name
        (folder / "data").mkdir(parents=True)
        conf = folder / "tenko.conf"
        conf.write_text(
            f"[tenko]\ndata_dir = {folder}/data\n\n[roles]\nworkers = mail\n\n"
            f"[workers]\nmail = {WORKERS}\n\n"
            f"[redis]\nmode = external\naddress = {self.host.main}:6379\npassword = {PASSWORD}\n"
            f"claim_timeout = {CLAIM_SECONDS}s\ntimeout = 1s\n\n"
            f"[mail]\nrelay_host = {self.host.main}\nrelay_port = {relay.port}\n"
            f"session_messages = {SESSION}\n")
        self.tenkod = start(tenko, "tenkod", [program("tenkod"), "--config", conf], self.host)

    def ended(self):
        """Ids of the attempts that were made here."""
        return {int(event["attempt"]) for event in self.tenkod.events("attempt.ended")}

    def lose(self):
        """The cable first, so that nothing of the end gets out; and nobody may tidy up."""
        self.host.unplug()
        self.tenkod.send(signal.SIGSTOP)
        workers = children_of(self.tenkod.pid)
        assert sorted(workers.values()) == ["tenko-mail"] * WORKERS
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        self.tenkod.kill()


def held_by(belt, name):
    """Ids of the attempts that workers of that machine hold, by Redis."""
    return {int(entry["message_id"].split("-")[0])
            for lane in (0, 1)
            for entry in belt.xpending_range(f"{{tenko}}:q:mail:{lane}", "workers", "-", "+", 10000)
            if entry["consumer"].endswith(f"@{name}")}


@pytest.fixture
def network():
    with Network() as made:
        yield made


def test_a_lost_machine_loses_nothing(tenko, network, record_property):
    """A broadcast is under way on two machines; one of them is cut off and gone. What it held goes
    to the other one when redis.claim_timeout is over, and only of that anything comes twice."""
    belt = start_redis(tenko, network.main)
    crowd.import_crowd(tenko, PEOPLE, addresses=1)
    tenko.configure(workers={"mail": 0}, escalation={"final_wait": "1s", "retry_interval": "1s"},
                    pacing={"outage_after": "1m"})
    start(tenko, "tenkod", [program("tenkod"), "--config", tenko.conf], network.main)
    with Relay(network.main, tenko.root / "relay") as relay:
        lost, left = (WorkerHost(tenko, network, number, relay) for number in (1, 2))
        for one in (lost, left):  # a machine that vanishes is noticed
            wait_for(lambda one=one: one.host.run("ss", "-tnoH", "dport", "=", ":6379").count(
                "timer:(keepalive") >= WORKERS, 10, "connections that are watched")
        tenko.cli("broadcast", "--title", "T", "--kind", "notice", "--to", "all", "--yes")
        wait_for(lambda: len(lost.ended()) >= SESSION and left.ended()
                 and held_by(belt, "worker-1"), 60, "both machines to be at work", lost.tenkod)
        lost.lose()
        held = held_by(belt, "worker-1")
        done = len(relay.files())
        assert held and done < PEOPLE
        wait_for(lambda: not held_by(belt, "worker-1"), CLAIM_SECONDS * 6,
                 "what the lost machine held to be handed on", left.tenkod)
        wait_for(lambda: tenko.cli_json("status", "1")["state"] == "finished", 120,
                 "the broadcast to end", left.tenkod)
        messages = relay.messages()
    assert {message["To"].addresses[0].addr_spec for message in messages} == {
        f"p{n}.1@example.com" for n in range(1, PEOPLE + 1)}
    attempts = [int(message["X-Tenko-Attempt"]) for message in messages]
    twice = {attempt for attempt in attempts if attempts.count(attempt) > 1}
    assert twice <= held and len(held) <= WORKERS * SESSION
    assert held <= left.ended()
    assert "adds up" in tenko.cli("verify").stdout
    record_property("figures", f"{PEOPLE} people, {done} told when a machine was lost with "
                               f"{len(held)} jobs in hand; 0 missed, {len(twice)} told twice")
