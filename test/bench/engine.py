"""The measures of the engine: from the broadcast to the last committed outcome."""

import concurrent.futures
import random
import signal
import statistics
import time

import raw
from crowd import answer
from figures import Sample, quantile
from ground import until

WORKERS = 2
WINDOW = 20000  # mails on the belt, where workers take them
ANSWERS = 200


def fanout(bench, people):
    """1. From the commit of the broadcast to the last first-step job in Redis."""
    rate = raw.xadd(bench.ground.folder(), people)
    insert, update = raw.sqlite(bench.ground.folder(), people)
    with bench.ground.engine(people) as engine:
        engine.run_all(0, people)
        whole, handover = engine.fan_out(people)
    return [
        Sample("broadcast to the last first-step job", whole, "s", insert + update,
               "SQLite alone: insert and update as many rows", most=3, sized=True),
        Sample("hand-over to Redis", people / handover, "jobs/s", rate, "redis-benchmark, pipelined XADD",
               least_ratio=0.5),
    ]


def journey(bench, people):
    """A broadcast through the whole engine; what it took, and what it took of memory and processor."""
    if (bench.run, people) in bench.journeys:
        return bench.journeys[bench.run, people]
    with bench.ground.engine(people) as engine:
        engine.run_all(WORKERS, min(people, WINDOW))
        asked_at, _ = engine.ask()
        until(lambda: engine.delivered() >= people, "the last outcome")
        seconds = time.time() - asked_at
        processor = engine.processor()
        raw.post(engine.port, engine.paths(min(people, 20000)), 1)
        found = {"people": people, "seconds": seconds, "rate": people / seconds, "memory": engine.memory(),
                 "processor": processor}
    bench.journeys[bench.run, people] = found
    return found


def deliveries(bench, people):
    """2. Deliveries end to end: claim, null transport, result, committed outcome."""
    return [Sample("deliveries end to end", journey(bench, people)["rate"], "/s",
                   raw.xadd(bench.ground.folder(), people), "redis-benchmark, pipelined XADD", least=100000)]


def memory(bench, people):
    """8. Resident memory, the most that each process ever had."""
    most = journey(bench, people)["memory"]
    return [Sample(f"memory of {what}", most[name], "MB", most=limit, sized=True)
            for what, name, limit in (("the scheduler", "tenko-scheduler", 150), ("a mail worker", "tenko-mail", 30),
                                      ("the reply endpoint", "tenko-reply", 40))]


def linear(bench, people):
    """9. What a person costs among a hundredth, a tenth and all of the people."""
    costs = {n: 1 / journey(bench, n)["rate"] for n in sorted({max(people // d, 100) for d in (100, 10, 1)})}
    span = 100 * (max(costs.values()) / min(costs.values()) - 1)
    each = [Sample(f"cost of a person among {n:,}", 1e6 * cost, "us") for n, cost in costs.items()]
    return [Sample("cost from 1 % to all of the people", span, "% apart", most=20, sized=True), *each]


def status(bench, people):
    """7. `tenko status` while a broadcast runs."""
    with bench.ground.engine(people) as engine:
        engine.run_all(0, people)
        engine.ask()
        times = []
        for _ in range(20):
            began = time.monotonic()
            engine.cli("status")
            times.append(1000 * (time.monotonic() - began))
        until(lambda: engine.queued() >= people, "the last job")
        for _ in range(20):
            began = time.monotonic()
            engine.cli("status")
            times.append(1000 * (time.monotonic() - began))
    return [Sample("tenko status", statistics.median(times), "ms", most=50, sized=True),
            Sample("tenko status, 95 of 100", quantile(times, 0.95), "ms", most=50, sized=True)]


def stop(bench, people):
    """5. From an answer to the last attempt of that person, with everybody's jobs queued."""
    count = min(ANSWERS, people // 5)
    with bench.ground.engine(people) as engine:
        engine.run_all(0, people)
        engine.fan_out(people)
        chosen = random.Random(bench.run).sample(range(people // 5, people + 1), count)
        for number in range(1, WORKERS + 1):
            engine.start("tenko-mail", "--instance", number)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda person: answer(engine, 1, person, port=engine.port), chosen))
        until(lambda: engine.one("SELECT sum(n) FROM tally WHERE broadcast_id = 1 AND what = 'attempt'") >= people,
              "the last outcome")
        waits = [wait / 1000 for wait, in engine.db.execute(
            "SELECT max(0, max(iif(a.outcome = 10, 0, a.finished_at) - r.at)) FROM reply r"
            " JOIN delivery d ON d.broadcast_id = r.broadcast_id AND d.person_id = r.person_id"
            " JOIN attempt a ON a.delivery_id = d.id GROUP BY r.id")]
        stopped = engine.one("SELECT count(*) FROM attempt WHERE outcome = 10")
    if len(waits) != count:
        raise RuntimeError(f"stop: {count} answered, {len(waits)} replies found")
    return [Sample("reply to the last attempt, 99 of 100", quantile(waits, 0.99), "s", most=1),
            Sample("jobs stopped by a reply", 100 * stopped / count, "% of replies")]


def restart(bench, people):
    """10. The scheduler killed with everybody's chain in flight: until it hands over again."""
    with bench.ground.engine(people) as engine:
        out = people - max(people // 100, 1)  # the others wait for room in the window
        engine.configure(workers={"mail": 0}, pacing={"mail_window": out})
        engine.start_redis()
        scheduler = engine.start("tenko-scheduler")
        belt, last = engine.redis.client, lambda: belt.xinfo_stream("{tenko}:q:mail:0")["last-generated-id"]
        engine.cli("broadcast", "--title", "地震がありました", "--yes", deadline=3600)
        until(lambda: belt.xlen("{tenko}:q:mail:0") >= out, "the last job that fits the window")
        scheduler.kill()
        before = last()
        worker = engine.start("tenko-mail")
        until(lambda: belt.xlen("{tenko}:results"), "the first result")
        worker.send(signal.SIGSTOP)
        began = time.monotonic()
        engine.start("tenko-scheduler", ready=False)
        until(lambda: last() != before, "the first job after the restart")
        seconds = time.monotonic() - began
        worker.send(signal.SIGCONT)
    return [Sample("restart of the scheduler", seconds, "s", most=3, sized=True)]


def idle(bench, people):
    """11. What a system that has nothing to do takes of a core."""
    seconds = 2 if bench.quick else 10
    with bench.ground.engine(min(people, 10000)) as engine:
        engine.run_all(WORKERS, WINDOW)
        time.sleep(1)  # everything has connected
        began, before = time.monotonic(), sum(engine.processor().values())
        time.sleep(seconds)
        taken, passed = sum(engine.processor().values()) - before, time.monotonic() - began
    return [Sample("idle system", 100 * taken / passed, "% of a core", most=1)]
