"""Machines, as far as the network and its names go: namespaces that hang on one by a cable each.

    with Network(folder) as network:
        host = network.host("worker-1")      # 10.77.1.2, sees the main machine as 10.77.1.1
        process = tenko.start("tenkod", prefix=host.enter) ...
        host.unplug()

The main machine is a namespace too, so that nothing of the real one is touched. As root they are made
right away, as anybody else inside a user namespace, where one is root.
"""

import contextlib
import os
import subprocess

from harness import wait_for


class Host:
    """One machine. `enter` stands before a command that is to run there."""

    def __init__(self, name, enter, holder):
        self.name = name
        self.enter = enter
        self.holder = holder

    def run(self, *command):
        done = subprocess.run([*self.enter, *map(str, command)], capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"
        return done.stdout

    def unplug(self):
        """The cable falls out: nothing goes through, and nobody is told."""
        self.run("ip", "link", "set", "cable", "down")

    def end(self):
        self.holder.stdin.close()
        self.holder.wait(10)


class Network:
    def __init__(self):
        self.hosts = []
        self.main = None

    def __enter__(self):
        self.main = self.make("main", [])
        self.main.run("ip", "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        for host in reversed(self.hosts):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                host.end()

    def make(self, name, enter):
        """A process that holds the namespaces as long as its standard input is open."""
        root = os.geteuid() == 0 or enter
        command = [*enter, "unshare", *([] if root else ["--user", "--map-root-user"]), "--net",
                   "--uts", "sh", "-c", f"hostname {name} && echo up && exec cat"]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        if holder.stdout.readline() != "up\n":
            raise AssertionError(f"no namespace could be made; as root, or where the kernel lets "
                                 f"users have their own: {holder.stderr.read()}")
        users = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        host = Host(name, ["nsenter", "--target", str(holder.pid), *users, "--net", "--uts"], holder)
        self.hosts.append(host)
        return host

    def host(self, name):
        """One more machine, on a cable of its own: 10.77.N.1 is the main one's end."""
        number = len(self.hosts)
        host = self.make(name, self.main.enter)
        self.main.run("ip", "link", "add", f"cable{number}", "type", "veth", "peer", "name", "cable",
                      "netns", host.holder.pid)
        self.main.run("ip", "address", "add", f"10.77.{number}.1/24", "dev", f"cable{number}")
        self.main.run("ip", "link", "set", f"cable{number}", "up")
        host.run("ip", "address", "add", f"10.77.{number}.2/24", "dev", "cable")
        host.run("ip", "link", "set", "cable", "up")
        host.run("ip", "link", "set", "lo", "up")
        host.main = f"10.77.{number}.1"
        host.address = f"10.77.{number}.2"
        wait_for(lambda: "state UP" in host.run("ip", "link", "show", "cable"), 10, "the cable")
        return host
