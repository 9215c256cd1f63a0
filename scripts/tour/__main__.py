"""The second half of scripts/quickstart.

Everything goes the way it goes for real: telegrams from a feed over HTTP; mail over SMTP into a sandbox that
keeps each message as a file, calls through a telephone exchange that presses keys, notifications
that a push service decrypts; people who open the link of their message over HTTP.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from ground import Failed, Output, choose_folder, make_folder, stop
from story import Tour
from system import System


def stages(t):
    """English, Japanese, and what is done."""
    return (
        ("Roster, from four Shift_JIS files", "名簿の取り込み (Shift_JIS)", t.import_roster),
        ("People have their phones notified", "プッシュ通知の登録", t.add_phones),
        ("Earthquake telegrams set off a broadcast", "地震の電文から自動で一斉通報", t.begin),
        ("Each is tried in their own dial order until they answer", "発信順に連絡し、回答で止める",
         t.follow),
        ("An answer entered for somebody, and a reminder", "代理入力と再送", t.remind),
        ("Who was tried when, and does it add up?", "経過と集計の確認", t.check),
    )


def tour(system, output):
    t = Tour(system, output)
    output.step("Data directory and start", "データディレクトリの作成と起動")
    system.start([person.code for person in t.phone_owners()])
    output.say(f"{system.data}: tenkod runs, with its own Redis; reply pages at {system.base_url}")
    for english, japanese, act in stages(t):
        output.step(english, japanese)
        act()
    return t


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("run", "check", "stop"))
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--dir", type=Path)
    return parser.parse_args()


def run(options, folder, output):
    system = System(folder, options.bin.resolve(), output)
    if stop(folder):
        output.say("stopped what an earlier quickstart left running · 前回の分を停止しました")
    make_folder(folder)
    try:
        t = tour(system, output)
    except BaseException:
        output.settle()
        print(system.log_tail(), file=sys.stderr)
        stop(folder)
        raise
    if options.mode == "run":
        t.look()
        return
    output.step("Stop", "停止")
    stop(folder)
    shutil.rmtree(folder)
    output.say("all stopped; every order and retry was as set, every answer was recorded · 完了")


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stderr.reconfigure(encoding="utf-8")
    options, output = read_options(), Output(3)
    folder = None
    try:
        folder = choose_folder(options)
        if options.mode == "stop":
            print("stopped" if stop(folder) else "nothing was running")
        else:
            run(options, folder, output)
    except Failed as fault:
        print(f"\n    FAILED: {fault}\n    what there is: {folder}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
