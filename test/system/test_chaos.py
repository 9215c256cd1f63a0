"""A short run of scripts/chaos: a real system is broken in many ways, and nobody is lost."""

import os
import subprocess
import sys

from harness import BIN, REPOSITORY


def test_nobody_is_lost(record_property):
    seed = os.environ.get("TENKO_SEED", "11")
    done = subprocess.run(
        [sys.executable, REPOSITORY / "test" / "chaos", "--bin", BIN, "--people", "400",
         "--minutes", "0.3", "--pause", "4", "--seed", seed],
        capture_output=True, text=True, timeout=220, check=False,
        env=dict(os.environ, PYTHONPATH=str(REPOSITORY / "test" / "doubles")))
    record_property("figures", "\n".join(line for line in done.stdout.splitlines()
                                         if line.startswith("|")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nobody was lost" in done.stdout
