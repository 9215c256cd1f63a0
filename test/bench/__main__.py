"""Takes the measures of the engine's speed and the raw rates beside them in the same run, and prints a
table: measure | value | reference | ratio | goal | met. The value is the median of all runs, with the
least and the most behind it. Goals that speak of a million people are not judged at fewer.

Names of measures (all, if none is given):
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "system"), str(HERE.parent / "doubles")]

from engine import deliveries, fanout, idle, linear, memory, restart, status, stop  # noqa: E402
from figures import MILLION, rows_of, table  # noqa: E402
from ground import Ground  # noqa: E402
from outside import channels, replies, roster, smtp  # noqa: E402
from peers import PEERS  # noqa: E402
from plot import plot  # noqa: E402

MEASURES = {function.__name__: function
            for function in (fanout, deliveries, smtp, replies, stop, roster, status, memory, linear, restart,
                             idle, channels)}
QUICK = {"people": 2000, "runs": 1}


class Bench:
    """One call of the command: where systems are made, and what a measure may share with another."""

    def __init__(self, ground, quick):
        self.ground, self.quick = ground, quick
        self.run = 0
        self.journeys = {}  # by run and people, see engine.journey()

    def points(self):
        """By people, the median of what the journeys found."""
        by_people = {}
        for (_, people), found in self.journeys.items():
            by_people.setdefault(people, []).append(found)
        return [{"people": people, "rate": statistics.median(f["rate"] for f in all_found),
                 "memory": {name: statistics.median(f["memory"].get(name, 0) for f in all_found)
                            for name in all_found[0]["memory"]},
                 "processor": all_found[0]["processor"]}
                for people, all_found in sorted(by_people.items())]


def machine():
    model = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    return {"processor": model[0] if model else platform.machine(), "cores": os.cpu_count(),
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
            "kernel": platform.release(), "load": os.getloadavg()[0]}


def arguments():
    text = __doc__ + "\n".join(f"  {name:<11} {function.__doc__.partition('. ')[2]}"
                               for name, function in MEASURES.items())
    parser = argparse.ArgumentParser(prog="scripts/bench", description=text,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="MEASURE")
    parser.add_argument("--people", type=int, help=f"how many ({MILLION:,})")
    parser.add_argument("--runs", type=int, help="how often each measure is taken (3)")
    parser.add_argument("--quick", action="store_true",
                        help="few people, one run, short waits: whether the measures work, not what they say")
    parser.add_argument("--json", metavar="FILE", help="writes all figures there")
    parser.add_argument("--plot", metavar="FILE", help="writes a PNG there: rate and memory against people")
    parser.add_argument("--peers", action="store_true",
                        help="installs Kannel, Celery and BullMQ where that can be done, and measures them too")
    options = parser.parse_args()
    for name in options.names:
        if name not in MEASURES:
            parser.error(f'there is no measure "{name}"; there are: {", ".join(MEASURES)}')
    if options.plot and options.names and "linear" not in options.names:
        parser.error("--plot: shows what the measure linear finds; name it too")
    options.people = options.people or (QUICK["people"] if options.quick else MILLION)
    options.runs = options.runs or (QUICK["runs"] if options.quick else 3)
    if not 1000 <= options.people <= MILLION:
        parser.error("--people: 1,000 to 1,000,000")
    if not 1 <= options.runs <= 100:
        parser.error("--runs: 1 to 100")
    return options


def tell(line):
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def attempt(body, name):
    """What body() returns, and what went wrong: a measure that fails must not cost the others."""
    try:
        return body(), None
    except (Exception, pytest.fail.Exception) as fault:  # the latter: of the tests' harness
        words = str(fault) or type(fault).__name__
        if isinstance(fault, subprocess.CalledProcessError) and fault.stderr:
            words += f": {fault.stderr}"
        return [], f"{name}: {words}"


def take(bench, name, options):
    """The rows of one measure, and what went wrong."""
    runs = []
    for bench.run in range(1, options.runs + 1):
        tell(f"{name}, run {bench.run} of {options.runs}")
        found, fault = attempt(lambda: [MEASURES[name](bench, options.people)], name)
        runs += found
        if fault:
            break
    return rows_of(runs, options.people), fault


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # what was started ends too
    of = machine()
    if of["load"] > 1:
        tell(f"the machine is busy (load {of['load']:.1f}): the figures will be too low")
    rows, faults = [], []
    with Ground(tell) as ground:
        bench = Bench(ground, options.quick)
        for name in options.names or MEASURES:
            found, fault = take(bench, name, options)
            rows += found
            faults += [fault] if fault else []
        if options.peers:
            for peer in PEERS:
                tell(peer.__name__)
                found, fault = attempt(lambda: [peer(ground.folder(), options.quick)], peer.__name__)
                rows += rows_of(found, options.people)
                faults += [fault] if fault else []
        points = bench.points()
    print(f"{of['processor']}, {of['cores']} cores; {options.people:,} people, {options.runs} runs\n")
    print(table(rows))
    if options.json:
        found = {"machine": of, "command": ["scripts/bench", *sys.argv[1:]], "people": options.people,
                 "runs": options.runs, "rows": [row.json() for row in rows], "points": points, "faults": faults}
        Path(options.json).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if options.plot:
        plot(points, Path(options.plot).resolve())
    for fault in faults:
        print(f"scripts/bench: {fault}", file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
