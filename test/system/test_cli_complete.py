"""What shells complete: every command and option, and what the store knows."""

import os
import re
import subprocess

from cli_roster import Terminal, ask, roster  # noqa: F401  (a fixture)
from harness import REPOSITORY, program, wait_for

CLI = REPOSITORY / "dispatcher" / "cli"
SHARED = {"--config", "--json", "--help"}


def complete(tenko, *words):
    """Of `tenko WORD...`, the last unfinished: what it can become, without descriptions."""
    done = tenko.cli("complete", "--", "--config", tenko.conf, *words)
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def options_by_file():
    """The options that each source file reads."""
    found = {}
    for path in CLI.rglob("*.c"):
        names = re.findall(r'\{\s*"([a-z0-9-]+)",\s*(no|required|optional)_argument', path.read_text(encoding="utf-8"))
        if names:
            found[path.stem] = {f"--{name}": kind for name, kind in names}
    return found


def listed(tenko):
    return {c["name"] for c in tenko.cli_json("help")["commands"]}


def test_every_command_is_completed_and_no_other(roster):
    assert set(complete(roster, "")) == listed(roster) and "complete" not in listed(roster)
    assert complete(roster, "sta") == ["status"] and complete(roster, "xyz") == []
    assert {"status"} <= set(complete(roster, "help", ""))
    text = roster.cli("complete", "--", "stat").stdout
    assert text == "status\thow a broadcast stands\n"


def test_every_option_is_completed_and_no_other(roster):
    by_file = options_by_file()
    assert len(by_file) > 15
    for command in listed(roster) - {"feed"}:
        own = set(by_file.get(f"cmd_{command}".replace("-", "_"), {}))
        if command == "config":
            assert set(complete(roster, command, "dump", "-")) == own | SHARED
            continue
        assert set(complete(roster, command, "-")) == own | SHARED, command
    files = {"list": "feed_list", "show": "feed_show", "replay": "feed_replay", "inject": "feed_inject", "rules": "feed_rules"}
    for sub, file in files.items():
        assert set(complete(roster, "feed", sub, "-")) == set(by_file[file]) | SHARED, sub
    assert {"list", "show", "explain", "replay", "inject", "rules"} == set(complete(roster, "feed", ""))


def test_options_that_take_a_value_are_not_followed_by_others(roster):
    for file, options in options_by_file().items():
        for option, kind in options.items():
            if kind == "required" and file.startswith("cmd_"):
                command = file[len("cmd_"):].replace("_", "-")
                after = complete(roster, command, option, "-")
                assert "--help" not in after, (command, option)


def test_what_the_store_knows_is_offered(roster):
    ask(roster)
    ask(roster, "--to", "group:G01")
    assert complete(roster, "status", "") == ["2", "1"] == complete(roster, "pause", "")
    assert complete(roster, "person", "U0") == [f"U0{n}" for n in range(1, 10)]
    assert complete(roster, "reply", "1", "U03") == ["U03"]
    assert complete(roster, "broadcast", "--to", "gr") == ["group:"]
    assert complete(roster, "broadcast", "--to", "group:G0") == ["group:G01", "group:G02", "group:G03"]
    assert complete(roster, "broadcast", "--to", "all,user:U05") == ["all,user:U05"]
    assert complete(roster, "broadcast", "--to", "unanswered:") == ["unanswered:2", "unanswered:1"]
    assert complete(roster, "broadcast", "--within", "G1") == ["G10"]
    assert "earthquake" in complete(roster, "broadcast", "--template", "ea")
    assert complete(roster, "broadcast", "--kind", "") == ["safety", "notice", "drill"]
    assert complete(roster, "broadcast", "--channels", "mail,v") == ["mail,voice"]
    assert complete(roster, "log", "") == ["attempt=", "broadcast=", "person=", "telegram="]
    assert complete(roster, "log", "person=U07") == ["person=U07"]
    assert complete(roster, "list", "1", "--state", "a") == ["answered"]
    assert complete(roster, "import", "--users", "") == [":files"] == complete(roster, "backup", "")
    assert "U01\t" in roster.cli("complete", "--", "person", "U01").stdout


def test_without_a_store_commands_are_completed_all_the_same(tmp_path):
    done = subprocess.run([program("tenko"), "complete", "--", "--config", tmp_path / "none", "canc"],
                          stdout=subprocess.PIPE, check=False)
    assert done.stdout.split(b"\t")[0] == b"cancel"
    done = subprocess.run([program("tenko"), "complete", "--", "--config", tmp_path / "none", "status", ""],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.stdout == b""


def in_bash(tenko, line):
    script = ('source "$1"; COMP_LINE=$2; COMP_POINT=${#2}; compopt() { printf "opt %s\\n" "$*"; };'
              ' _tenko; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", REPOSITORY / "config" / "completion" / "tenko.bash", line],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True, text=True,
                          env=tenko.environment(TENKO_CONFIG=tenko.conf))
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_bash(roster):
    tenko = program("tenko")
    assert in_bash(roster, f"{tenko} can") == ["cancel"]
    assert in_bash(roster, f"{tenko} broadcast --to group:G0") == ["G01", "G02", "G03"]
    assert in_bash(roster, f"{tenko} broadcast --to gr") == ["opt -o nospace", "group:"]
    assert in_bash(roster, f"{tenko} log person=U03") == ["U03"]
    assert in_bash(roster, f"{tenko} import --users ")[0] == "opt -o default"
    assert set(in_bash(roster, f"{tenko} status --")) == {"--watch"} | SHARED


def test_zsh(roster):
    folder = REPOSITORY / "config" / "completion"
    bin_folder = os.path.dirname(program("tenko"))
    shell = Shell(roster, folder, bin_folder)
    try:
        shell.expect("ready> ")
        for typed, completed in (("tenko cance\t", "tenko cancel"), ("tenko person U0\t\t", "U03  山"),
                                 ("tenko broadcast --to gro\t", "--to group:"), ("tenko log pers\t", "log person=")):
            shell.send(typed)
            shell.wait_lines(completed)
            shell.send("\x15\x0c")  # the line away, the screen empty
            wait_for(lambda: not any("tenko" in line for line in shell.lines()), 10, "an empty screen")
    finally:
        os.kill(shell.pid, 9)
        shell.close()


class Shell(Terminal):
    """zsh with the completion, on a terminal."""

    def command(self, tenko, folder, bin_folder):
        start = tenko.root / ".zshrc"
        start.write_text(f"PATH={bin_folder}:$PATH\nfpath=({folder} $fpath)\nPROMPT='ready> '\n"
                         "autoload -Uz compinit && compinit -u -D\n")
        return "/usr/bin/zsh", ["zsh", "-i"], {"ZDOTDIR": str(tenko.root), "TENKO_CONFIG": str(tenko.conf)}
