"""scripts/bench on a few people: what it says of the time is for a quiet machine; that every measure
measures is for here."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from harness import REPOSITORY, program

BENCH = REPOSITORY / "test" / "bench"


def bench(*words, code=0, deadline=120):
    done = subprocess.run([sys.executable, BENCH, *map(str, words)], capture_output=True, text=True, timeout=deadline,
                          env=dict(os.environ, TENKO_BIN=str(program("tenko").rpartition("/")[0])))
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_every_part_of_the_engine_is_measured(tmp_path):
    path, picture = tmp_path / "figures.json", tmp_path / "figures.png"
    more = ["--plot", picture] if shutil.which("gnuplot") else []
    done = bench("fanout", "stop", "roster", "linear", "restart", "--people", 1000, "--quick", "--json", path, *more)
    found = json.loads(path.read_text())
    rows = {row["measure"]: row for row in found["rows"]}
    assert found["people"] == 1000 and found["runs"] == 1 and found["faults"] == []
    assert {"broadcast to the last first-step job", "hand-over to Redis", "roster imported", "roster exported",
            "cost from 1 % to all of the people", "restart of the scheduler",
            "reply to the last attempt, 99 of 100"} <= rows.keys()
    handover = rows["hand-over to Redis"]
    assert handover["ratio"] == pytest.approx(handover["value"] / handover["reference"])
    assert handover["met"] is (handover["ratio"] >= 0.5)
    assert all(row["value"] > 0 for row in rows.values() if row["unit"] in ("us", "jobs/s"))
    # What is promised for a million is not judged by a thousand.
    assert rows["broadcast to the last first-step job"]["met"] is None
    assert [point["people"] for point in found["points"]] == [100, 1000]
    assert all(point["memory"]["tenko-scheduler"] > 1 for point in found["points"])
    assert done.stdout.count("|") == 5 * (len(rows) + 1)
    if more:
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_is_misunderstood_is_said():
    assert 'no measure "speed"' in bench("speed", code=2).stderr
    assert "linear" in bench("idle", "--plot", "x.png", code=2).stderr


def test_a_measure_that_fails_costs_no_other(tmp_path):
    """Without the programs nothing can be measured, and it says so for each."""
    done = subprocess.run([sys.executable, BENCH, "idle", "restart", "--quick"], capture_output=True, text=True,
                          timeout=60, env=dict(os.environ, TENKO_BIN=str(tmp_path)))
    assert done.returncode == 1
    assert [line.split(": ")[1] for line in done.stderr.splitlines() if line.startswith("scripts/bench: ")] \
        == ["idle", "restart"]
