"""What make install and scripts/deb put where; scripts/deb --try does the rest."""

import os
import re
import shutil
import subprocess
import tarfile

import pytest

from harness import BIN, REPOSITORY

UNITS = sorted(path.name for path in (REPOSITORY / "config/systemd").iterdir())
PROGRAMS = sorted(path.name for path in BIN.iterdir())
PARTS = ("templates", "regions", "rules.d", "sample")


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=120,
                          **more)


def settled(*words, **more):
    done = run(*words, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """By make install from the programs that are there, none of them made again."""
    root = tmp_path_factory.mktemp("root")
    settled("make", "-C", REPOSITORY, "install", f"BUILD={BIN.parent}", "--assume-old=all",
            f"DESTDIR={root}", "PREFIX=/opt/tenko")
    return root


def test_everything_is_installed(installed):
    prefix = installed / "opt/tenko"
    assert sorted(path.name for path in (prefix / "bin").iterdir()) == PROGRAMS
    for part in PARTS:
        assert sorted(path.name for path in (prefix / "share/tenko" / part).iterdir()) == sorted(
            path.name for path in (REPOSITORY / "config" / part).iterdir())
    for page in (REPOSITORY / "config/man").iterdir():
        assert (prefix / f"share/man/man{page.suffix[1:]}" / page.name).exists()
    units = prefix / "lib/systemd/system"
    assert sorted(path.name for path in units.iterdir()) == UNITS
    for unit in units.iterdir():
        text = unit.read_text(encoding="utf-8")
        assert "/usr/local" not in text
        for program in re.findall(r"^ExecStart=(\S+)", text, re.M):
            assert (installed / program.lstrip("/")).stat().st_mode & 0o777 == 0o755
    for path in installed.rglob("*"):
        if path.is_file() and path.parent.name != "bin":
            assert path.stat().st_mode & 0o777 == 0o644, path


def test_what_is_installed_works(installed, bare):
    """Without the source beside it."""
    env = {"TENKO_DATADIR": installed / "opt/tenko/share/tenko"}
    tenko = installed / "opt/tenko/bin/tenko"
    shutil.copy(installed / "opt/tenko/share/tenko/tenko.conf", bare.conf)
    text = bare.conf.read_text(encoding="utf-8").replace("/var/lib/tenko", str(bare.data_dir))
    bare.conf.write_text(text, encoding="utf-8")
    for words in (("config", "check"), ("init", bare.data_dir), ("feed", "rules", "--check")):
        done = bare.run("tenko", "--config", bare.conf, *words, env=env, path=tenko)
        assert done.returncode == 0, done.stderr
    assert str(env["TENKO_DATADIR"]) in done.stdout


def test_users_and_folders_are_made_as_they_are_named(installed, tmp_path):
    if not shutil.which("systemd-sysusers"):
        pytest.skip("no systemd here")
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    shutil.copytree(installed / "opt/tenko/lib", root / "usr/lib")
    settled("systemd-sysusers", f"--root={root}")
    users = {line.split(":")[0] for line in (root / "etc/passwd").read_text().splitlines()}
    assert {"tenko", "tenko-worker"} <= users
    for unit in UNITS:
        for user in re.findall(r"^User=(\S+)", (REPOSITORY / "config/systemd" / unit).read_text(), re.M):
            assert user in users
    if os.geteuid() == 0:
        settled("systemd-tmpfiles", f"--root={root}", "--create")
        assert (root / "var/lib/tenko").stat().st_mode & 0o777 == 0o700


def test_units_give_up_what_they_can(tmp_path, record_property):
    """The figure of systemd-analyze security, 0 (shut) to 10 (open), of each service."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd here")
    figures = {}
    for unit in UNITS:
        if not unit.endswith(".service"):
            continue
        name = unit.replace("@.", "@1.")
        text = (REPOSITORY / "config/systemd" / unit).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/usr/local/bin", str(BIN)), encoding="utf-8")
        done = run("systemd-analyze", "security", "--offline=true", "--threshold=20", tmp_path / name)
        figures[unit] = float(re.search(r"exposure level for \S+ ([\d.]+)", done.stdout)[1])
    assert max(figures.values()) <= 1.5
    record_property("figures", ", ".join(f"{unit} {figure}" for unit, figure in figures.items()))


def test_units_exclude_each_other():
    """All by tenkod, or each by itself: never both on one store."""
    for unit in UNITS:
        text = (REPOSITORY / "config/systemd" / unit).read_text(encoding="utf-8")
        on_the_store = "User=tenko\n" in text and unit != "tenko.service"
        if on_the_store or unit == "tenko-processes.target":
            assert "Conflicts=tenko.service\n" in text
        if "User=tenko-worker\n" in text:
            assert "InaccessiblePaths=-/var/lib/tenko\n" in text and "--instance 10%i" in text


def test_tenkod_ends_the_others_itself():
    """systemd would end Redis at once, and what workers have just sent would be sent again."""
    text = (REPOSITORY / "config/systemd/tenko.service").read_text(encoding="utf-8")
    assert "\nKillMode=mixed\n" in text


def test_the_package(tmp_path):
    """Made of the programs that are there: sound to lintian, and everything in its place."""
    if not shutil.which("lintian"):
        pytest.skip("no lintian here")
    out = tmp_path / "deb"
    done = settled(REPOSITORY / "scripts/deb", "--built", BIN.parent, "--out", out)
    assert not re.search(r"^E: ", done.stdout, re.M)
    package = next(out.glob("tenko_*.deb"))
    raw = tmp_path / "raw.tar"
    with open(raw, "wb") as tar:
        subprocess.run(["dpkg-deb", "--fsys-tarfile", package], stdout=tar, check=True)
    with tarfile.open(raw) as tar:
        modes = {entry.name.removeprefix("."): entry.mode for entry in tar if entry.isfile()}
    for name in PROGRAMS:
        assert modes[f"/usr/bin/{name}"] == 0o755
    for unit in UNITS:
        assert modes[f"/lib/systemd/system/{unit}"] == 0o644
    assert {"/etc/tenko/tenko.conf", "/usr/share/tenko/regions/regions.tsv",
            "/usr/lib/sysusers.d/tenko.conf"} <= set(modes)
    assert not [name for name in modes if name.startswith(("/usr/local", "/var", "/build"))]
    fields = run("dpkg-deb", "--field", package).stdout
    version = re.search(r'TENKO_VERSION "(.*)"', (REPOSITORY / "common/base/options.h").read_text())[1]
    assert f"\nVersion: {version}\n" in fields and "libsqlite3-0" in fields
    assert run("dpkg-deb", "--info", package, "conffiles").stdout.split() == ["/etc/tenko/tenko.conf"]


def test_what_it_is_not_told_it_refuses():
    done = run(REPOSITORY / "scripts/deb", "--version", "one two")
    assert done.returncode == 64 and "no version" in done.stderr


def test_both_readmes_have_the_same_first_drill():
    """scripts/deb --try does it by these very commands."""
    code = "import readme; one, two = map(readme.first_drill, readme.SECTIONS); assert one == two and one[0]"
    settled("/usr/bin/python3", "-c", code, cwd=REPOSITORY / "test/package")
