"""Fixtures of the system tests; see harness.py.

tenko   a sandbox whose data directory is made (tenko init)
bare    a sandbox without a data directory
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "doubles"))

import harness  # noqa: E402  (the path must be set first)


# The files whose tests take long, the longest first: begun early, none is waited for at the end.
LONG = ("test_crowd", "test_scheduler", "test_random_orders", "test_quickstart", "test_chaos", "test_figures",
        "test_install", "test_outages", "test_worker_hosts", "test_backup", "test_reply_malformed",
        "test_master", "test_voice", "test_stop", "test_doctor", "test_push", "test_push_tls",
        "test_voice_tls", "test_trial", "test_bench", "test_family", "test_reply_browser", "test_dashboard")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """With --dist loadgroup, where each process is handed one test after the other: what takes long
    comes first, and tests that share something made once stay together."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        made = (d for defs in item._fixtureinfo.name2fixturedefs.values() for d in defs)
        if any(d.scope == "module" for d in made):
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.module.__name__, len(LONG)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, f"report_{call.when}", outcome.get_result())


def pytest_terminal_summary(terminalreporter):
    """What tests counted (record_property("figures", ...)), under their names."""
    lines = [f"{report.nodeid.rpartition('::')[2]}: {value}"
             for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
             for name, value in report.user_properties if name == "figures" and report.when == "call"]
    if lines:
        terminalreporter.section("what was counted")
        for line in lines:
            terminalreporter.write_line(line)


def failed(item):
    return any(getattr(item, f"report_{when}", None) is not None
               and getattr(item, f"report_{when}").failed for when in ("setup", "call"))


@pytest.fixture
def bare(request):
    with harness.temporary_folder() as root:
        sandbox = harness.Sandbox(root)
        yield sandbox
        faults = sandbox.end()
        if faults or failed(request.node):
            for path in sandbox.log_files():
                lines = path.read_text(errors="replace").splitlines()
                print(f"--- {path.name} (the last of {len(lines)} lines)", *lines[-60:], sep="\n")
        if faults:
            pytest.fail("\n".join(faults))


@pytest.fixture
def tenko(bare):
    bare.init()
    return bare
