"""What an admin does with the package, in a fresh Debian 12: scripts/deb --try.

The README's first drill by its very commands, an upgrade while a broadcast runs, each process as a
unit of its own, removal.
"""

import argparse
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "system"), str(HERE.parent / "doubles")]

import crowd  # noqa: E402  (the path must be set first)
from machine import Machine, check, run, say, wait_for  # noqa: E402
from readme import first_drill  # noqa: E402
from smtp_double import SmtpDouble  # noqa: E402

PEOPLE = 400
NAMES = ("0.1.0", "0.2.0")  # of the files, as the README has them
# what an admin does in the editor: section and key of each line are looked for, its value put in
EDITOR = r"""#!/usr/bin/perl
use strict;
my (%wanted, $section);
open my $in, '<', '/root/settings' or die;
while (<$in>) {
	$section = $1 if /^\[(\w+)\]/;
	$wanted{"$section.$1"} = $2 if /^(\w+) = (.*)/;
}
local @ARGV = ($ARGV[0]);
local $^I = '';
while (<>) {
	$section = $1 if /^\[(\w+)\]/;
	s/^(\w+) =.*/exists $wanted{"$section.$1"} ? "$1 = " . delete $wanted{"$section.$1"} : $&/e;
	print;
}
die "not found: @{[keys %wanted]}\n" if %wanted;
"""


class Relay(SmtpDouble):
    """In the machine's network, as relay.example.co.jp."""

    def __init__(self, machine, folder):
        super().__init__(folder, "end=late 0.05", options=["--host", "127.0.0.1"], port=587)
        self.command = machine.enter("--net", *self.command)


def edit(machine, settings):
    (machine.root / "root/settings").write_text(settings, encoding="utf-8")
    machine.do("sudo editor /etc/tenko/tenko.conf", user="admin")


def prepare(machine, packages):
    machine.make()
    for package, name in zip(packages, NAMES):
        run("cp", package, machine.root / f"home/admin/tenko_{name}_amd64.deb")
    # Inside there is no way out to the mirror, so that nothing of this can get out either.
    machine.chroot("apt-get -q update && cd /home/admin &&"
                   f" apt-get -qq -y --download-only install ./tenko_{NAMES[0]}_amd64.deb")
    with open(machine.root / "etc/hosts", "a", encoding="ascii") as hosts:
        hosts.write("127.0.0.1 relay.example.co.jp anpi\n")
    editor = machine.root / "usr/local/bin/editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    machine.start()
    machine.beside("ip", "address", "add", "192.0.2.10/32", "dev", "lo").wait()


def answer_the_mail(machine, relay):
    """As the person who was written to."""
    message = wait_for(relay.messages, 60, "the mail to arrive")[0]
    check(message["To"].addresses[0].addr_spec == "you@example.co.jp", "the mail is to you")
    text = message.get_body(("plain",)).get_content()
    link = re.search(r"http://192\.0\.2\.10:8080/r/\S+", text)
    check(link, "it has a link to this machine")
    page = machine.beside("curl", "-sS", "--max-time", "20", "--data", "status=safe", "-w", "%{http_code}",
                          "-o", "/dev/null", link[0], stdout=subprocess.PIPE, text=True)
    check(page.communicate(timeout=30)[0] == "200", "the answer is recorded")


def try_the_readme(machine, relay):
    commands, settings = first_drill("README.md")
    check((commands, settings) == first_drill("README.ja.md"), "both READMEs have the same commands")
    (machine.root / "root/settings").write_text(settings, encoding="utf-8")
    began = time.monotonic()
    for command in commands:
        if "--wait" not in command:
            machine.do(command, user="admin", answer="y\n")
            continue
        answering = threading.Thread(target=answer_the_mail, args=(machine, relay))
        answering.start()
        machine.do(command, user="admin")
        answering.join()
    say(f"the README's {len(commands)} commands took {time.monotonic() - began:.0f} s")
    status = machine.do("sudo tenko status 1", user="admin")
    check(re.search(r"answered +1\b", status) and "adds up" in status, "the drill has its answer")


def look_at_what_is_there(machine):
    for path, wanted in (("/etc/tenko/tenko.conf", "640 root tenko"), ("/var/lib/tenko", "700 tenko tenko"),
                         ("/var/lib/tenko/tenko.db", "600 tenko tenko"),
                         ("/var/lib/tenko/secret.key", "600 tenko tenko")):
        found = machine.ask(f"stat -c '%a %U %G' {path}").stdout.strip()
        check(found == wanted, f"{path}: {found}")
    units = machine.ask("dpkg -L tenko | grep '^/lib/systemd/system/.*[.]'").stdout.split()
    for unit in units:
        unit = unit.replace("@.", "@1.")
        said = machine.ask(f"systemd-analyze verify --man=no {unit}").stderr
        check("tenko" not in said, f"{unit} is understood {said}")
        if unit.endswith("service"):
            figure = machine.ask(f"systemd-analyze security {unit.rpartition('/')[2]}").stdout
            print("   ", figure.strip().splitlines()[-1].strip())
    journal = machine.ask("journalctl --no-pager -u tenko -o cat").stdout
    check("master.up" in journal, "tenkod is up")
    machine.do("systemctl reload tenko")
    faults = [line for line in journal.splitlines() if " error " in line or " warning " in line]
    check(not faults, "\n".join(["and its log has no error and no warning", *faults]))


class Root:
    """As crowd.import_crowd() wants it: where to put files, and the command."""

    def __init__(self, machine):
        self.machine = machine
        self.root = machine.root / "root"

    def cli(self, *words, deadline=120):
        inside = [str(word).replace(str(self.machine.root), "") for word in words]
        return self.machine.do("tenko " + " ".join(inside), deadline=deadline)


def told(relay):
    return [message["To"].addresses[0].addr_spec for message in relay.messages()]


def broadcast(machine, relay, title):
    """To the crowd; returns once some have been told and others have not."""
    relay.clear()
    groups = " ".join(f"--to group:g{n}" for n in range(1, PEOPLE // crowd.GROUP_SIZE + 1))
    machine.do(f"tenko broadcast --title {title} --kind notice {groups} --yes")
    wait_for(lambda: len(relay.files()) >= PEOPLE // 8, 60, "the first mails")


def see_all_told(machine, relay, what):
    wait_for(lambda: len(set(told(relay))) == PEOPLE, 180, "everybody to be told")
    addresses = told(relay)
    check(len(addresses) == PEOPLE, f"{PEOPLE} people are told, {what}, nobody twice")
    check("everything adds up" in machine.do("tenko verify"), "everything adds up")


def upgrade(machine, relay):
    say("an upgrade while a broadcast runs")
    crowd.import_crowd(Root(machine), PEOPLE, addresses=1)
    edit(machine, "[broadcast]\nconfirm_over = 1000000\n")
    broadcast(machine, relay, "upgraded")
    before = len(relay.files())
    machine.do(f"sudo apt install -y ./tenko_{NAMES[1]}_amd64.deb", user="admin")
    check(before < PEOPLE, f"{before} of {PEOPLE} had been told before it began")
    version = machine.ask("dpkg-query -f '${Version}' -W tenko").stdout
    check("later" in version, f"version {version} is installed")
    machine.do("systemctl is-active tenko")
    see_all_told(machine, relay, "some by the old version, some by the new")


def each_by_itself(machine, relay):
    say("each process as a unit of its own")
    redis = "[redis]\nmode = external\naddress = 127.0.0.1:6379\nallow_insecure = yes\n"
    edit(machine, redis)
    machine.do("install -m 640 -g tenko-worker /dev/null /etc/tenko/worker.conf")
    with open(machine.root / "etc/tenko/worker.conf", "w", encoding="utf-8") as conf:
        conf.write(redis + "[mail]\nrelay_host = relay.example.co.jp\nrelay_port = 587\n"
                   "from_address = anpi@example.co.jp\n")
    unit = (REPOSITORY / "config/systemd/tenko-processes.target").read_text(encoding="utf-8")
    for command in re.findall(r"^#\t(systemctl .*)", unit, re.M):
        machine.do(command)
    names = "tenko-scheduler tenko-reply tenko-feed tenko-mail@1 tenko-mail@2"
    broadcast(machine, relay, "units")
    machine.do(f"systemctl is-active {names}")
    check(machine.ask("systemctl is-active tenko").returncode, "and tenkod does not run")
    machine.do("sudo apt install -y --reinstall ./tenko_0.2.0_amd64.deb", user="admin")
    machine.do(f"systemctl is-active {names}")
    see_all_told(machine, relay, "by units that were stopped and started in the middle")
    restarts = machine.ask(f"systemctl show -p NRestarts {names}").stdout.split()
    check(set(restarts) == {"NRestarts=0"}, "none of them died")


def remove(machine):
    say("removal")
    machine.do("sudo apt remove -y tenko", user="admin")
    check(not machine.ask("grep -l tenko /proc/[0-9]*/comm").stdout, "nothing of it runs")
    machine.do("test -e /var/lib/tenko/tenko.db -a -e /etc/tenko/tenko.conf")
    machine.do("sudo apt install -y ./tenko_0.2.0_amd64.deb", user="admin")
    check("adds up" in machine.do("tenko status 1"), "installed again it has its data")
    said = machine.do("sudo apt purge -y tenko", user="admin")
    check("stay in /var/lib/tenko" in said, "a purge says what stays")
    machine.do("test -e /var/lib/tenko/tenko.db -a ! -e /etc/tenko/tenko.conf -a ! -e /var/lib/tenko/redis")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package")
    parser.add_argument("later", help="the same with a higher version")
    parser.add_argument("--keep", action="store_true", help="leaves the machine's files")
    options = parser.parse_args()
    machine = Machine(REPOSITORY / "build/deb/root")
    try:
        prepare(machine, (options.package, options.later))
        with Relay(machine, machine.root / "var/relay") as relay:
            try_the_readme(machine, relay)
            look_at_what_is_there(machine)
            upgrade(machine, relay)
            each_by_itself(machine, relay)
            remove(machine)
    finally:
        machine.stop()
        if not options.keep:
            run("rm", "-rf", machine.root)
    print("The package does what the README says.")


if __name__ == "__main__":
    main()
