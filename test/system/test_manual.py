"""The manual pages: mandoc accepts them, they name all there is, and they say what the programs say."""

import json
import re
import shutil
import subprocess

import pytest

from harness import BIN, REPOSITORY

PAGES = REPOSITORY / "config" / "man"
DAEMONS = ["tenkod", "tenko-scheduler", "tenko-reply", "tenko-feed", "tenko-bounce", "tenko-mail",
           "tenko-voice", "tenko-push"]


def read(page):
    """As a reader sees it, on one line."""
    done = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=200", PAGES / page], check=True,
                          capture_output=True, text=True)
    return " ".join(re.sub(".\x08", "", done.stdout).split())


@pytest.mark.parametrize("page", sorted(p.name for p in PAGES.iterdir()))
def test_mandoc_has_nothing_to_say(page):
    """But that the pages that it refers to are not installed: those are looked for here."""
    done = subprocess.run(["mandoc", "-T", "lint", PAGES / page], capture_output=True, text=True)
    for line in done.stdout.splitlines() + done.stderr.splitlines():
        other = re.search(r"referenced manual not found: Xr (\S+) (\d)", line)
        assert other and (PAGES / f"{other[1]}.{other[2]}").exists(), line


def test_pages_say_what_the_programs_say():
    done = subprocess.run([REPOSITORY / "scripts" / "man", "--bin", BIN, "--check"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_that_is_behind_is_told_and_mended(tmp_path):
    for name in ("scripts", "config"):
        (tmp_path / name).mkdir()
    shutil.copy(REPOSITORY / "scripts" / "man", tmp_path / "scripts")
    shutil.copytree(PAGES, tmp_path / "config" / "man")
    page = tmp_path / "config" / "man" / "tenko.1"
    sound = page.read_text(encoding="utf-8")
    page.write_text(sound.replace("Make a data directory.", "Make a mess."), encoding="utf-8")
    command = [tmp_path / "scripts" / "man", "--bin", BIN]
    done = subprocess.run([*command, "--check"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "-Make a mess." in done.stdout and "make man" in done.stderr
    subprocess.run(command, check=True, timeout=60)
    assert page.read_text(encoding="utf-8") == sound


def test_every_command_and_option_is_there(bare):
    page = read("tenko.1")
    for command in json.loads(bare.run("tenko", "help", "--json").stdout)["commands"]:
        assert f"tenko {command['name']}" in page
        for option in re.findall(r"--[a-z-]+", command["usage"] + command["help"]):
            assert option in page, f"{command['name']} {option}"


def test_every_setting_is_there_with_its_range(bare):
    page = read("tenko.conf.5")
    for one in json.loads(bare.run("tenko", "config", "dump", "--defaults", "--json").stdout)["settings"]:
        entry = page[page.index(f"[{one['section']}] "):]
        first = re.escape(one["doc"].split()[0].replace("`", '"'))
        assert re.search(rf" {one['key']} {first}", entry), one["key"]
    assert "Default: 25. Number, 1 to 65535; SIGHUP reloads it." in page
    assert "Default: empty. Text of up to 255 bytes; SIGHUP reloads it; never shown." in page


def test_every_daemon_and_its_options(bare):
    for name in DAEMONS:
        assert (PAGES / f"{name}.8").exists(), name
        page = read(f"{name}.8")
        for option in re.findall(r"--[a-z]+", bare.run(name, "--help").stdout):
            assert option in page, f"{name} {option}"


def test_every_key_of_a_rule(bare):
    page = read("tenko-rules.5")
    for key in re.findall(r"^(\w+) \(", bare.run("tenko", "feed", "rules", "--keys").stdout, re.M):
        assert f" {key} (" in page, key


def examples(page):
    """The literal blocks of a page."""
    return re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", (PAGES / page).read_text(encoding="utf-8"), re.M | re.S)


def test_the_examples_of_rules_are_sound(tenko):
    rules = tenko.root / "rules.d"
    rules.mkdir()
    for number, text in enumerate(block for block in examples("tenko-rules.5") if block.startswith("[")):
        (rules / f"{number}.conf").write_text(re.sub(r"^groups = .*\n", "groups = all\n", text, flags=re.M))
    done = tenko.cli("feed", "rules", "--check", str(rules), code=None)
    assert "sound" in done.stdout or "needs" in done.stderr, done.stderr


def test_the_example_of_settings_is_sound(bare):
    text, = (block for block in examples("tenko.conf.5") if "[tenko]" in block)
    bare.conf.write_text(text.replace("AC0123...:TOKEN", "AC" + "0" * 32 + ":TOKEN"), encoding="utf-8")
    assert "sound" in bare.cli("config", "check").stdout


def test_the_drill_of_restoring_as_it_is_written(tenko):
    """Every command of tenko.7's drill, in its order."""
    backup, drill = tenko.root / "FILE", tenko.root / "drill"
    tenko.cli("backup", str(backup))
    block, = (b for b in examples("tenko.7") if "restore FILE" in b)
    for line in block.strip().splitlines():
        words = line.replace("/var/tmp/drill", str(drill)).replace("FILE", str(backup)).split()
        assert words[0] == "tenko"
        done = tenko.run("tenko", *words[1:])
        assert done.returncode == 0, done.stderr


def test_a_key_of_links_is_replaced_as_it_is_written(tenko):
    """Links of the old key stay good, new ones are made with the new one."""
    tenko.start_redis()
    reply = tenko.start("tenko-reply")
    block, = (b for b in examples("tenko.7") if "secret.new" in b)
    script = block.replace("/var/lib/tenko", str(tenko.data_dir)).replace("systemctl restart tenko\n", "")
    old = (tenko.data_dir / "secret.key").read_text()
    subprocess.run(["sh", "-ec", script], check=True, timeout=30)
    new = (tenko.data_dir / "secret.key").read_text()
    assert re.fullmatch(r"2 [0-9a-f]{64}\n" + re.escape(old), new)
    assert (tenko.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600
    reply.stop()
    assert tenko.start("tenko-reply").alive
