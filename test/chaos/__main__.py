"""A real system is broken in every way we know while it tells people of earthquakes, again and again;
behind each broadcast stands who was missed and what came twice. Exits with 1 if anybody was missed,
an answer was lost, the accounting is wrong, or something came twice that no window explains."""

import argparse
import collections
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from reckoning import WINDOWS, reckon
from storms import STORMS, crash_points, draw_crashes, keep_up
from town import Town, wait_until

ANSWER_SHARE = 0.05


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Answering(threading.Thread):
    """People who answer by their links while the storm goes on; each tries until told "recorded"."""

    def __init__(self, town, number, dice, seconds):
        super().__init__(daemon=True)
        self.town, self.number, self.seconds = town, number, seconds
        people = [p.number for p in town.people.values() if not p.telephone]
        self.who = dice.sample(people, int(len(people) * ANSWER_SHARE))
        self.choices = {n: dice.choice(("safe", "slight", "severe", "other")) for n in self.who}
        self.told, self.refused = {}, collections.Counter()
        self.leave = threading.Event()

    def run(self):
        for person in self.who:
            while not self.leave.is_set():
                status = self.town.reply(self.number, person, self.choices[person])
                if status == 200:
                    self.told[person] = self.choices[person]
                    break
                self.refused[status] += 1
                self.leave.wait(0.2)
            self.leave.wait(self.seconds / len(self.who))


def ask(town, dice, dies):
    """A broadcast; sometimes the command is killed at a boundary, before or after the commit."""
    before = town.sql("SELECT ifnull(max(id), 0) FROM broadcast")[0][0]
    if dies:
        point = dice.choice([p for p in crash_points() if p.startswith("broadcast.")])
        number = town.ask(crash=f"{point}:1")
        say(f"    the command was killed at {point}")
        newest = town.sql("SELECT ifnull(max(id), 0) FROM broadcast")[0][0]
        if number is None and newest > before:
            return newest
        shutil.rmtree(town.spent)
        town.spent.mkdir()
    return town.ask()


def storm(town, dice, seconds, pause):
    """Storms one after the other, with rests between; what each did."""
    done = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(dice.uniform(0.5, 3))
        keep_up(town)
        what = dice.choice(STORMS)(town, dice, dice.uniform(pause / 2, pause))
        say(f"    {what}")
        done.append(what)
    return done


def cycle(town, dice, options, longest):
    """One broadcast with its storms."""
    crashes = draw_crashes(dice, 4, len(town.people))
    town.stop()
    town.start(crash=" ".join(crashes))
    wait_until(lambda: is_up(town), 60, "the system to be up")
    number = ask(town, dice, dice.random() < 0.3)
    say(f"broadcast {number}")
    answering = Answering(town, number, dice, longest)
    answering.start()
    done = storm(town, dice, longest, options.pause)
    wait_until(lambda: over(town, number), 240, f"the end of broadcast {number}")
    answering.leave.set()
    answering.join()
    wait_until(lambda: not town.sql("SELECT 1 FROM attempt WHERE outcome IS NULL LIMIT 1"), 60,
               "the end of the last attempt")
    spent = sorted(path.name for path in town.spent.iterdir())
    for path in town.spent.iterdir():
        path.unlink()
    if spent:
        say(f"    died at {', '.join(spent)}")
    return reckon(town, number, answering.told, len(done) + len(spent)), done, spent


def is_up(town):
    keep_up(town)
    return town.reply(0, 0, "safe") == 404


def over(town, number):
    keep_up(town)
    return town.sql("SELECT 1 FROM broadcast WHERE id = ? AND state = 5", number)


def table(results, harms, spent):
    """The one table of the whole run."""
    total = collections.Counter()
    for r in results:
        total.update(meant=r.meant, made=r.made, missing=len(r.missing), told=r.replies[0],
                     lost=r.replies[1])
        total.update(r.twice)
    rows = [("attempts meant, of people who never answered", total["meant"]),
            ("messages, calls and notifications that arrived", total["made"]),
            ("attempts missing", total["missing"])]
    rows += [(f"came twice: {text}", total[window]) for window, text in WINDOWS.items()]
    rows += [("came twice: not explained", total["unexplained"]),
             ("replies answered with \"recorded\"", total["told"]),
             ("of these not stored", total["lost"]),
             ("broadcasts whose accounting is right",
              f"{sum(not r.faults for r in results)} of {len(results)}")]
    width = max(len(text) for text, _ in rows)
    print()
    for text, value in rows:
        print(f"| {text:<{width}} | {value:>12} |")
    print()
    print("Storms:", "; ".join(f"{n} × {what}" for what, n in harms.most_common()))
    print("Crash points passed with death:", "; ".join(f"{n} × {p}" for p, n in spent.most_common())
          or "none")


def first_steps(town):
    """The data directory, with the command killed in mid-migration once for each migration."""
    died = 0
    for passes in range(1, 100):
        done = town.tenko("init", town.data, crash=f"migration.applied:{passes}", code=None)
        if done.returncode == 0:
            break
        died += 1
    say(f"made the data directory; tenko init was killed in {died} migrations on the way")
    town.write_roster()
    town.start()
    wait_until(lambda: is_up(town), 60, "the system to be up")
    town.subscribe()
    town.arrivals()


def run(options, root):
    dice = random.Random(options.seed)
    results, harms, died = [], collections.Counter(), collections.Counter()
    end = time.monotonic() + options.minutes * 60
    longest = min(40, max(6, options.minutes * 60 / 3))
    with Town(root, options.bin, options.people, say) as town:
        if not town.small_disk:
            say("no right to mount a small disk: it is not filled in this run")
        first_steps(town)
        while not results or time.monotonic() < end:
            result, done, spent = cycle(town, dice, options, longest)
            results.append(result)
            harms.update(what.partition(" for ")[0] for what in done)
            died.update(name.partition(":")[0] for name in spent)
            say(f"    meant {result.meant}, arrived {result.made}, missing {len(result.missing)}, "
                f"twice {sum(result.twice.values())}, replies {result.replies[0]}")
            for fault in (result.missing + result.faults)[:10]:
                say(f"    FAULT {fault}")
        ledger = town.tenko("verify", "--ledger", code=None)
        say(f"ledger: {ledger.stdout.strip().splitlines()[-1] if ledger.stdout else ledger.stderr}")
        town.stop()
    table(results, harms, died)
    return sum(len(r.missing) + len(r.faults) for r in results) + (ledger.returncode != 0)


def alone_with_mounts():
    """In a mount namespace of our own the small disk is gone with us, however we end."""
    if os.geteuid() == 0 and "TENKO_CHAOS_MOUNTS" not in os.environ and shutil.which("unshare"):
        os.environ["TENKO_CHAOS_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable,
                              *sys.orig_argv[1:]])


def main():
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--minutes", type=float, default=2, help="how long broadcasts go on (2)")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--pause", type=float, default=8, metavar="SECONDS",
                        help="the longest that anything stays down (8)")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    parser.add_argument("--bin", required=True, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    alone_with_mounts()
    root = Path(tempfile.mkdtemp(prefix="tkc", dir="/tmp"))
    say(f"seed {options.seed}, {options.people} people, {options.minutes:g} minutes, in {root}")
    try:
        faults = run(options, root)
    finally:
        if not options.keep:
            shutil.rmtree(root, ignore_errors=True)
    print(f"seed {options.seed}: {'nobody was lost' if not faults else f'{faults} faults'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
