"""The figures for monitoring: true, cheap, readable by Prometheus, and there when things are down."""

import contextlib
import json
import re
import sqlite3
import subprocess
import time
import urllib.request

import pytest
import yaml

from crowd import free_port
from feed_system import now_as
from figures_system import METRICS, System
from harness import REPOSITORY, wait_for
from test_master import recorded, restarted

DASHBOARDS = REPOSITORY / "config" / "dashboards"
RULES = DASHBOARDS / "alerts.rules.yml"
MANUAL = REPOSITORY / "config" / "man" / "tenko-figures.7"


@pytest.fixture
def system(tenko):
    system = System(tenko)
    yield system
    system.close()


def promtool(*words, **more):
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=60, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def finished(system):
    """A broadcast to all, one of whom answers; everybody else is exhausted."""
    number = system.broadcast()
    wait_for(lambda: system.tenko.cli_json("status", number)["exhausted"] == 6)
    system.answer(number, 1)
    wait_for(lambda: system.metrics().get("tenko_stop_latency_seconds_count") == 1)
    return number


# what they say


def test_a_broadcast_from_end_to_end(system):
    system.feeds.publish("eqvol", "1_VXSE51.xml", now_as("32-39_11_01"))
    system.start()
    number = finished(system)
    wait_for(lambda: system.metrics().total("tenko_telegrams_total") == 1)
    metrics, stats, status = system.metrics(), system.stats(), system.tenko.cli_json("status", number)
    assert promtool("check", "metrics", input=metrics.text) == ""

    for state in ("waiting", "in_flight", "answered", "exhausted", "cancelled"):
        assert metrics.get("tenko_deliveries", broadcast=number, state=state) == status[state]
    assert metrics.get("tenko_targeted_people", broadcast=number) == status["targeted"] == 6
    assert metrics.get("tenko_answers", broadcast=number, choice="safe") == 1
    assert metrics.get("tenko_broadcast_attempts", broadcast=number, channel="mail", outcome="delivered") == 6
    assert metrics.get("tenko_broadcast_info", broadcast=number, kind="safety", state="finished") == 1
    assert metrics.get("tenko_accounting_difference") == stats["accounting_difference"] == 0

    ended = system.tenko.sql("SELECT count(*) FROM attempt WHERE outcome = 1")[0][0]
    assert metrics.get("tenko_attempts_total", channel="mail", outcome="delivered") == ended
    assert stats["attempts"]["mail"] == {"delivered": ended}
    assert metrics.total("tenko_drill_attempts_total") == 0
    assert metrics.get("tenko_reply_latency_seconds_count") == metrics.get("tenko_replies_recorded_total") == 1
    assert metrics.get("tenko_stop_latency_seconds_count") == stats["stop_latency"]["count"] == 1
    assert metrics.get("tenko_reply_latency_seconds_bucket", le="+Inf") == 1

    assert metrics.get("tenko_telegrams_total", source="atom", state="read") == 1
    assert metrics.total("tenko_decisions_total") == len(system.tenko.sql("SELECT 1 FROM decision")) > 0
    feed = system.feeds.url("/feed/eqvol.xml")  # what may be a secret is not told
    assert metrics.get("tenko_feed_up", feed=feed) == 1 and metrics.get("tenko_feed_age_seconds", feed=feed) < 60
    assert "geheim" not in metrics.text + json.dumps(stats)

    assert metrics.by("tenko_process_up", "process") == dict.fromkeys(
        ("tenkod", "redis", "scheduler", "reply", "feed", "mail-1", "mail-2"), 1)
    assert set(metrics.by("tenko_worker_up", "worker").values()) == {1}
    assert metrics.by("tenko_channel_up", "channel") == {"mail": 1, "voice": 1, "push": 1}
    size = (system.tenko.data_dir / "tenko.db").stat().st_size
    assert metrics.get("tenko_database_bytes") == stats["store"]["database_bytes"] == size
    assert metrics.get("tenko_wal_bytes") > 0 and metrics.get("tenko_data_free_bytes") > 0
    assert metrics.get("tenko_ledger_head") == system.tenko.sql("SELECT max(id) FROM audit")[0][0]
    assert system.tenko.cli_json("verify")["sound"] is True


def test_both_say_the_same(system):
    system.start()
    number = finished(system)
    metrics, stats = system.metrics(), system.stats()
    shown = stats["broadcasts"][0]
    assert shown["broadcast"] == number
    assert {(k, v) for k, v in metrics.by("tenko_answers", "choice").items()} == set(shown["answers"].items())
    assert metrics.by("tenko_queue_length", "channel") == {
        c: sum(s["length"] for s in stats["queue"]["streams"] if s["channel"] == c)
        for c in ("mail", "voice", "push")}
    assert metrics.by("tenko_in_flight", "channel") == stats["queue"]["in_flight"]
    assert metrics.by("tenko_worker_up", "worker") == {w["worker"]: w["up"] for w in stats["workers"]}
    assert metrics.by("tenko_restarts_total", "process") == {
        p["process"]: p["restarts"] for p in stats["processes"]}
    assert metrics.by("tenko_decisions_total", "verdict") == stats["decisions"]
    steps = {le: v for le, v in metrics.by("tenko_reply_latency_seconds_bucket", "le").items() if le != "+Inf"}
    assert {float(le) * 1000: v for le, v in steps.items()} == {
        float(ms): v for ms, v in stats["reply_latency"]["up_to_ms"].items()}


def test_what_waits_and_who_holds_it(system):
    """A worker elsewhere has a job and goes; its name is anything."""
    system.tenko.configure(workers={"mail": 0})
    system.start()
    system.broadcast()
    wait_for(lambda: system.metrics().get("tenko_queue_length", channel="mail", lane="urgent") == 6)
    elsewhere = 'mail-1@\n"else\\where"'
    system.redis.xreadgroup("workers", elsewhere, {"{tenko}:q:mail:0": ">"}, count=2)
    wait_for(lambda: system.metrics().get("tenko_pending_claims", channel="mail", lane="urgent") == 2)
    metrics = system.metrics()
    name = r'mail-1@\n\"else\\where\"'
    assert metrics.get("tenko_worker_pending", channel="mail", worker=name) == 2
    assert metrics.get("tenko_worker_up", channel="mail", worker=name) == 1
    assert metrics.get("tenko_in_flight", channel="mail") == 6
    assert system.stats()["workers"][0]["worker"] == elsewhere
    assert promtool("check", "metrics", input=metrics.text) == ""
    older = metrics.get("tenko_queue_oldest_age_seconds", channel="mail", lane="urgent")
    wait_for(lambda: system.metrics().get("tenko_queue_oldest_age_seconds", channel="mail", lane="urgent") > older)

    ids = [entry["message_id"] for entry in system.redis.xpending_range(
        "{tenko}:q:mail:0", "workers", "-", "+", 10)]
    system.redis.xack("{tenko}:q:mail:0", "workers", *ids)
    wait_for(lambda: system.metrics().get("tenko_worker_pending", channel="mail", worker=name) == 0)


def test_results_that_cannot_be_taken_in_lag(system):
    system.tenko.start_redis()
    for name in ("tenko-reply", "tenko-scheduler"):
        system.tenko.start(name)
    system.broadcast()
    wait_for(lambda: system.metrics().get("tenko_queue_length", channel="mail", lane="urgent") == 6)
    with contextlib.closing(sqlite3.connect(system.tenko.data_dir / "tenko.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")  # nobody else can write
        system.tenko.start("tenko-mail")
        wait_for(lambda: (system.metrics().get("tenko_results_waiting") or 0) >= 1, 40)  # reports, of several results each
        assert system.metrics().get("tenko_results_lag_seconds") > 0
        assert system.stats()["queue"]["results_lag_ms"] > 0
        db.execute("ROLLBACK")
    wait_for(lambda: system.metrics().get("tenko_results_waiting") == 0, 40)
    assert system.metrics().get("tenko_results_lag_seconds") == 0


def test_drills_are_told_apart(system):
    system.start()
    number = system.tenko.cli_json("broadcast", "--title", "訓練", "--kind", "drill")["broadcast"]
    wait_for(lambda: system.tenko.cli_json("status", number)["exhausted"] == 6)
    metrics = system.metrics()
    assert metrics.get("tenko_broadcast_info", broadcast=number, kind="drill", state="finished") == 1
    assert metrics.get("tenko_drill_attempts_total", channel="mail", outcome="delivered") == 6
    assert metrics.get("tenko_attempts_total", channel="mail", outcome="delivered") == 6


def test_only_so_many_broadcasts_are_told_of(system):
    system.tenko.start("tenko-reply")
    system.tenko.sql("INSERT INTO question SELECT value, '[]', '[]' FROM json_each(?)", json.dumps([*range(1, 71)]))
    for ids, state in (range(1, 4), 2), (range(4, 71), 5):
        system.tenko.sql(
            "INSERT INTO broadcast(id, title, body, kind, state, lane, targets, channels, mail_retries,"
            " voice_retries, push_retries, temporary_retries, retry_interval, final_wait, rounds, round_interval,"
            " targeted, requested_at, requested_by, expires_at) SELECT value, 'T', '', 1, ?, 0, 'all', 2, 0, 0, 0,"
            " 0, 0, 0, 1, 0, 0, 1, 'test', 2 FROM json_each(?)", state, json.dumps([*ids]))
    shown = {int(b) for b in system.metrics().by("tenko_targeted_people", "broadcast")}
    assert shown == {1, 2, 3} | set(range(54, 71))
    assert [b["broadcast"] for b in system.stats()["broadcasts"]] == sorted(shown, reverse=True)


def test_somebody_unaccounted_for_is_told(system):
    system.start()
    number = finished(system)
    system.tenko.sql("UPDATE broadcast SET targeted = targeted + 2 WHERE id = ?", number)
    assert system.metrics().get("tenko_accounting_difference") == system.stats()["accounting_difference"] == 2


# when things are down


def test_a_hung_redis_delays_nothing(system):
    system.tenko.configure(redis={"timeout": "60s"})
    system.start()
    number = system.broadcast()
    wait_for(lambda: system.tenko.cli_json("status", number)["exhausted"] == 6)
    redis = recorded(system.tenko)["redis"]
    subprocess.run(["kill", "-STOP", str(redis)], check=True)
    try:
        began = time.monotonic()
        for person in range(1, 7):
            system.answer(number, person)
            system.metrics()
        assert time.monotonic() - began < 20  # not once the 60 s of redis.timeout
        metrics = wait_for(lambda: (m := system.metrics()).get("tenko_queue_up") == 0 and m, 30)
        assert metrics.get("tenko_replies_recorded_total") == 6
        assert metrics.by("tenko_queue_length", "channel") == {}
        assert metrics.get("tenko_board_age_seconds", process="scheduler") > 10
        assert system.stats()["queue"] is None
    finally:
        subprocess.run(["kill", "-CONT", str(redis)], check=True)
    wait_for(lambda: system.metrics().get("tenko_queue_up") == 1, 30)


def test_a_killed_process_is_told_and_counters_go_on(system):
    system.start()
    finished(system)
    before = system.metrics()
    old = recorded(system.tenko)["scheduler"]
    subprocess.run(["kill", "-KILL", str(old)], check=True)
    wait_for(lambda: system.metrics().get("tenko_process_up", process="scheduler") == 0)
    restarted(system.tenkod, system.tenko, "scheduler", old)
    wait_for(lambda: system.metrics().get("tenko_process_up", process="scheduler") == 1)
    after = system.metrics()
    assert after.get("tenko_restarts_total", process="scheduler") == 1
    assert after.get("tenko_restarts_total", process="mail-1") == 0
    assert after.by("tenko_attempts_total", "outcome") == before.by("tenko_attempts_total", "outcome")


def test_a_relay_that_is_down_is_told(system):
    system.relay.stop()
    system.start()
    system.broadcast()
    wait_for(lambda: system.metrics().get("tenko_channel_up", channel="mail") == 0)
    assert system.stats()["channels"]["mail"]["reason"]
    system.relay.start()
    wait_for(lambda: system.metrics().get("tenko_channel_up", channel="mail") == 1, 40)


def test_a_feed_that_is_down_is_told(system):
    system.feeds.answer("/feed/*", 500, times=1000)
    system.start()
    feed = system.feeds.url("/feed/eqvol.xml")
    wait_for(lambda: system.metrics().get("tenko_feed_up", feed=feed) == 0)
    assert system.metrics().get("tenko_feed_age_seconds", feed=feed) == float("inf")
    assert system.stats()["feeds"] == [{"feed": feed, "up": False, "age_ms": None}]
    assert promtool("check", "metrics", input=system.metrics().text) == ""


@pytest.mark.parametrize("bytes_", [b"", b"\0" * 20000, b"dbkT" + b"\xff" * 20000, b"x" * 100])
def test_a_spoilt_board_costs_its_own_figures_only(system, bytes_):
    system.tenko.start("tenko-reply")
    for name in ("scheduler", "tenkod"):
        (system.tenko.data_dir / "run" / f"board.{name}").write_bytes(bytes_)
    metrics = system.metrics()
    assert metrics.get("tenko_queue_up") == 0 and metrics.by("tenko_process_up", "process") == {}
    assert metrics.get("tenko_stop_latency_seconds_count") == 0
    assert system.stats()["board_age_ms"] == {"scheduler": None, "tenkod": None}


def test_an_ended_system_leaves_no_processes_behind(system):
    system.start()
    system.tenkod.stop()
    assert not (system.tenko.data_dir / "run" / "board.tenkod").exists()
    system.tenko.start("tenko-reply")
    assert system.metrics().by("tenko_process_up", "process") == {}


def test_a_database_from_before_gets_its_totals(system):
    """The migration counts the rows that are there."""
    system.feeds.publish("eqvol", "1_VXSE51.xml", now_as("32-39_11_01"))
    system.start()
    number = finished(system)
    wait_for(lambda: system.tenko.cli_json("status", number)["state"] == "finished")
    wait_for(lambda: system.metrics().total("tenko_telegrams_total") == 1)
    system.tenkod.stop()
    kept = system.tenko.sql("SELECT * FROM total")
    migration, = (REPOSITORY / "common" / "store" / "migrations").glob("*_total.sql")
    with contextlib.closing(sqlite3.connect(system.tenko.data_dir / "tenko.db")) as db:
        db.executescript("DROP TABLE total;" + migration.read_text())
    assert system.tenko.sql("SELECT * FROM total") == kept
    assert {what for what, _, _ in kept} == {1, 3, 4}
    assert system.tenko.cli_json("verify")["sound"] is True


def test_verify_finds_a_wrong_total(system):
    system.start()
    finished(system)
    system.tenkod.stop()
    system.tenko.sql("UPDATE total SET n = n + 1 WHERE what = 1")
    found = json.loads(system.tenko.cli("verify", "--json", code=None).stdout)
    assert [d["check"] for d in found["differences"]] == ["total"]


# those who read them


@contextlib.contextmanager
def program_of_others(system, name, arguments):
    """Somebody else's daemon, ended with the test."""
    with open(system.tenko.root / f"{name}.txt", "w", encoding="utf-8") as log:
        process = subprocess.Popen([name, *map(str, arguments)], stdout=log, stderr=log, cwd=system.tenko.root)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.read().decode()
    except OSError:
        return None


def test_a_real_prometheus_scrapes_it(system):
    system.start()
    number = finished(system)
    port = free_port()
    (system.tenko.root / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: ['{RULES}']\n"
        "scrape_configs:\n- job_name: tenko\n  static_configs:\n"
        f"  - targets: ['127.0.0.1:{system.port}']\n")
    with program_of_others(system, "prometheus", [
            "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", f"--web.listen-address=127.0.0.1:{port}"]):
        def ask(path):
            answer = fetch(f"http://127.0.0.1:{port}/api/v1/{path}")
            return json.loads(answer)["data"] if answer else None

        def value(query):
            found = ask(f"query?query={urllib.request.quote(query)}")
            return found and [float(r["value"][1]) for r in found["result"]]

        wait_for(lambda: value('up{job="tenko"}') == [1.0], 60, "Prometheus to have scraped")
        assert value("tenko_queue_up") == [1.0]
        assert value(f'tenko_deliveries{{broadcast="{number}",state="answered"}}') == [1.0]
        assert value("tenko_accounting_difference") == [0.0]
        assert value("count(tenko_process_up == 1)") == [7.0]
        assert value("histogram_quantile(0.9, tenko_stop_latency_seconds_bucket)")[0] > 0
        stored = set(ask("label/__name__/values"))
        told = {name for name, _ in system.metrics().samples}
        assert told <= stored
        wait_for(lambda: all(r["health"] == "ok" for g in ask("rules")["groups"] for r in g["rules"]), 30)
        firing = [a["labels"]["alertname"] for a in ask("alerts")["alerts"] if a["state"] == "firing"]
        assert firing == []


def test_the_redis_exporter_reads_the_streams(system):
    """By the keys that the manual names."""
    system.tenko.configure(workers={"mail": 0})
    system.start()
    system.broadcast()
    wait_for(lambda: system.metrics().get("tenko_queue_length", channel="mail", lane="urgent") == 6)
    keys = re.search(r"--check-streams=(\S+)", MANUAL.read_text())[1].strip("'")
    port = free_port()
    socket = system.tenko.data_dir / "redis" / "redis.sock"
    with program_of_others(system, "prometheus-redis-exporter", [
            f"--redis.addr=unix://{socket}", f"--check-streams={keys}",
            f"--web.listen-address=127.0.0.1:{port}"]):
        text = wait_for(lambda: fetch(f"http://127.0.0.1:{port}/metrics"), 30, "the exporter")
    assert re.search(r'^redis_stream_length\{.*stream="\{tenko\}:q:mail:0".*\} 6$', text, re.M), text
    assert re.search(r'^redis_stream_length\{.*stream="\{tenko\}:results".*\} 0$', text, re.M) or (
        "{tenko}:results" in keys)


# what is written about them


def test_the_manual_tells_of_every_metric(system):
    text = MANUAL.read_text(encoding="utf-8")
    assert set(re.findall(r"^\.It Sy (tenko_\w+)", text, re.M)) == {name for name, _ in METRICS}
    told = dict(re.findall(r"^\.It Sy (tenko_\w+)(.*)$", text, re.M))
    system.start()
    finished(system)
    for name, labels in {(n, tuple(k for k, _ in ls)) for n, ls in system.metrics().samples}:
        base = re.sub(r"_(bucket|sum|count)$", "", name) if name not in told else name
        named = set(re.findall(r"Brq? ?Cm ([a-z ,]+)", told[base])) or {""}
        assert set(labels) - {"le"} == set(" ".join(named).replace(",", " ").split()), name
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(MANUAL)], capture_output=True, text=True,
                          timeout=30)
    assert done.stdout + done.stderr == ""


ANY = {"answers", "attempts", "drill_attempts", "requests", "up_to_ms", "settled", "decisions", "down", "in_flight"}


def fields(value, path=""):
    """The paths of all fields: queue.streams[].length; [] is each of a list, * any name."""
    name = path.rsplit(".", 1)[-1]
    if isinstance(value, list):
        return set().union(*(fields(v, f"{path}[]") for v in value)) or {f"{path}[]"}
    if not isinstance(value, dict):
        return {path}
    if name in ANY:
        return {f"{path}.*"}
    keys = {k: "*" if name == "channels" else k for k in value}
    return set().union(*(fields(v, f"{path}.{keys[k]}".lstrip(".")) for k, v in value.items()))


def test_the_manual_tells_of_every_field(system):
    told = set(re.findall(r"^\.It Va (\S+)", MANUAL.read_text(encoding="utf-8"), re.M))
    system.start()
    finished(system)
    known = fields(system.stats())
    assert known <= told, known - told
    assert told - known == {"broadcasts[].family.*", "queue"}  # there only where they have something to say


def expressions(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
        yield from expressions({"panels": panel.get("panels", [])})


def names_in(expression):
    return {re.sub(r"_(bucket|sum|count)$", "", name) if name not in dict(METRICS) else name
            for name in re.findall(r"\btenko_\w+", expression)}


def test_the_dashboard_asks_for_what_there_is(system):
    dashboard = json.loads((DASHBOARDS / "grafana.json").read_text(encoding="utf-8"))
    asked = list(expressions(dashboard))
    assert len(asked) >= 20 and set().union(*map(names_in, asked)) <= set(dict(METRICS))
    # each is PromQL
    rules = {"groups": [{"name": "dashboard", "rules": [
        {"record": f"panel:{i}", "expr": re.sub(r"\[\$__rate_interval\]", "[1m]", e).replace("$broadcast", ".*")}
        for i, e in enumerate(asked)]}]}
    path = system.tenko.root / "dashboard.yml"
    path.write_text(yaml.safe_dump(rules))
    promtool("check", "rules", path)
    ids = [p["id"] for p in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert [v["type"] for v in dashboard["templating"]["list"]][0] == "datasource"
    for panel in dashboard["panels"]:
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${datasource}", panel["title"]
        assert set(panel["gridPos"]) == {"x", "y", "w", "h"} and panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    assert {"queues", "outcomes", "answers", "eta", "workers", "feeds"} <= {
        w for p in dashboard["panels"] for w in re.findall(r"\w+", p["title"].lower())}


def test_the_alerts_ask_for_what_there_is_and_fire():
    promtool("check", "rules", RULES)
    rules = [r for g in yaml.safe_load(RULES.read_text())["groups"] for r in g["rules"]]
    for rule in rules:
        assert names_in(rule["expr"]) <= set(dict(METRICS)), rule
        assert rule["annotations"]["summary"] and rule["annotations"]["description"]
    cases = REPOSITORY / "test" / "system" / "alerts.test.yml"
    promtool("test", "rules", cases)
    tested = {t["alertname"] for case in yaml.safe_load(cases.read_text())["tests"] for t in case["alert_rule_test"]
              if t.get("exp_alerts")}
    assert tested == {r["alert"] for r in rules}  # each was seen to fire
