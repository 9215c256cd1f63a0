"""scripts/quickstart, as somebody who has just cloned the repository runs it."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

import harness
from harness import BIN, REPOSITORY, wait_for

SCRIPT = REPOSITORY / "scripts" / "quickstart"
PORTS = (8080, 2525, 8081, 8082, 8083)  # reply page, mail, telephone exchange, push service, feed


@pytest.fixture
def folder():
    """Where the quickstart keeps its data; what it left running is stopped by its own --stop."""
    with harness.temporary_folder() as root:
        yield root / "q"
        quickstart("--stop", "--dir", root / "q")
        assert running_in(root / "q") == []


def quickstart(*arguments, code=0, programs=BIN, **more):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TENKO_")}
    environment.update(TENKO_BIN=str(programs), LC_ALL="C", **more)
    done = subprocess.run([SCRIPT, *map(str, arguments)], capture_output=True, text=True, cwd="/",
                          env=environment, timeout=300, encoding="utf-8")
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done


def running_in(folder):
    """Command lines of the processes that were started for a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            # redis-server's command line does not name its folder, but it works in it
            works_in = os.readlink(entry / "cwd") if line else ""
            if str(folder).encode() + b"/" in line or works_in.startswith(f"{folder}/"):
                found.append(line.replace(b"\0", b" ").decode())
    return [line for line in found if "scripts/quickstart" not in line]


def sanitizer_reports(folder):
    return [match[0] for path in folder.rglob("*.log")
            for match in [harness.SANITIZER_REPORT.search(path.read_text(errors="replace"))] if match]


def take_port(port):
    """Holds a port, if nobody else does already."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not taken by what lingers
    with contextlib.suppress(OSError):
        held.bind(("127.0.0.1", port))
        held.listen()
    return held


def test_check_reaches_everybody_with_its_ports_taken(folder):
    folder.mkdir()
    with contextlib.ExitStack() as held:
        for port in PORTS:
            held.enter_context(take_port(port))
        done = quickstart("--check", TMPDIR=str(folder))
    for port in PORTS:
        assert f"port {port} is taken" in done.stdout
    assert "震度速報: sent: intensity 6+ in 宮城県北部 (220)" in done.stdout
    assert done.stdout.count("not sent: ") >= 9
    assert "13 targeted = 12 answered + 1 exhausted" in done.stdout
    assert ("answers 5 by mail link, 3 by push, 3 by key press, 1 by calling in, 1 by proxy"
            in done.stdout)
    assert "every order, retry and pause as set" in done.stdout
    assert "NOT" not in done.stdout and "!!" not in done.stdout
    table = done.stdout.partition("in the dial order")[2]
    assert len(re.findall(r"^    ok   U\d\d ", table, re.M)) == 13
    assert re.search(r"U10 .*1 telephone .*busy .*no answer\n +2 mail .*sent\n"
                     r" +3 telephone .*no answer .*no answer\n +4 push .*sent .*sent\n"
                     r" +answered .*by push +safe", table)
    assert list(folder.iterdir()) == [] and running_in(folder) == []


def test_check_says_who_was_not_tried_as_set(folder, tmp_path):
    """A system that leaves out a channel, and for the rest is sound."""
    programs = tmp_path / "bin"
    shutil.copytree(BIN, programs)
    (programs / "tenko-feed").rename(programs / "tenko-feed-itself")
    (programs / "tenko-feed").write_text(
        "#!/bin/sh\n"
        'rules="$(dirname "$2")/../rules.d/earthquake.conf"\n'
        'echo "channels = mail, push" >>"$rules"\n'
        f'exec "{programs}/tenko-feed-itself" "$@"\n')
    (programs / "tenko-feed").chmod(0o755)
    folder.mkdir()
    done = quickstart("--check", code=1, programs=programs, TMPDIR=str(folder))
    assert re.search(r"NOT  U02 (?:.*\n)+? +!! attempt 1 went to mail u02@example.com "
                     r"instead of telephone \+819000000002", done.stdout)
    assert re.search(r"NOT  U13 (?:.*\n)+? +!! not tried: telephone \+819000000013, "
                     r"telephone \+819000000013", done.stdout)
    assert re.search(r"ok   U05 ", done.stdout)
    assert "every order, retry and pause as set" in done.stderr and "U02 営業1課課長: " in done.stderr
    wait_for(lambda: running_in(folder) == [], 20, "everything to end")


def test_leaves_it_running_twice_in_a_row_until_told_to_stop(folder):
    for again in (False, True):
        done = quickstart("--dir", folder)
        assert ("an earlier quickstart" in done.stdout) == again
        link = re.search(r"answer yourself +(\S+)", done.stdout)[1]
        with urllib.request.urlopen(link, timeout=10) as page:
            assert "山﨑 太郎～" in page.read().decode()
        assert len(list((folder / "mail" / "new").glob("*.eml"))) == 15
        assert sanitizer_reports(folder) == []
    assert quickstart("--stop", "--dir", folder).stdout.strip() == "stopped"
    wait_for(lambda: running_in(folder) == [], 20, "everything to end")
    assert sanitizer_reports(folder) == []
    assert quickstart("--stop", "--dir", folder).stdout.strip() == "nothing was running"


def test_says_so_when_nobody_can_be_reached(folder, tmp_path):
    """A mail worker that cannot run: not zero, and nothing is left running."""
    programs = tmp_path / "bin"
    shutil.copytree(BIN, programs)
    worker = programs / "tenko-mail"
    worker.unlink()
    worker.write_text("#!/bin/sh\nexit 78\n")
    worker.chmod(0o755)
    done = quickstart("--dir", folder, code=1, programs=programs)
    assert "FAILED" in done.stderr
    wait_for(lambda: running_in(folder) == [], 20, "everything to end")


def test_leaves_other_folders_alone(folder):
    folder.mkdir()
    (folder / "precious").write_text("x")
    assert "holds something else" in quickstart("--dir", folder, code=1).stderr
    assert [path.name for path in folder.iterdir()] == ["precious"]


def test_what_it_does_not_understand():
    assert "--nonsense" in quickstart("--nonsense", code=64).stderr
    assert "--check" in quickstart("--help").stdout


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_readme_has_an_example_of_every_command(name):
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    listed = subprocess.run([BIN / "tenko", "help"], capture_output=True, text=True).stdout
    commands = re.findall(r"^  ([\w-]+)  ", listed, re.M) + re.search(r"^Also: (.*)$", listed, re.M)[1].split()
    assert len(commands) > 25
    assert [c for c in commands if f"$ tenko {c}" not in text] == []
