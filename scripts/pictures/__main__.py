"""scripts/screenshots: starts a system, has people called and answer, and makes a picture of each view.

Nothing goes to the outside: relay, telephone exchange and publisher are the tests' own, on loopback.
"""

import argparse
import base64
import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test" / "system"), str(ROOT / "test" / "doubles")]

import harness  # noqa: E402  (the path must be set first)
from devtools import Chromium, Fault  # noqa: E402
from harness import wait_for  # noqa: E402

import screens  # noqa: E402
from sample import SILENT, Sample  # noqa: E402

PEOPLE, PEOPLE_QUICK = 640, 40
PHONE, WALL, DESK = (390, 844), (1600, 1060), (1000, 1180)


class Studio:
    """A browser that writes what it sees into a folder."""

    def __init__(self, browser, folder):
        self.browser, self.folder = browser, folder

    def open(self, url, size, dark=False):
        page = self.browser.page()
        page.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1,
                  mobile=size[0] < 500)
        page.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                            {"name": "prefers-reduced-motion", "value": "reduce"}])
        page.call("Emulation.setScrollbarsHidden", hidden=True)
        page.call("Page.navigate", url=url)
        wait_for(lambda: page.evaluate("location.href !== 'about:blank' && document.readyState === 'complete'"))
        return page

    def shoot(self, page, name, clip=None):
        """The window, or `clip` of the page: left, top, width, height."""
        more = {}
        if clip:
            more = {"captureBeyondViewport": True, "clip": {**dict(zip(("x", "y", "width", "height"), clip)), "scale": 1}}
        path = self.folder / f"{name}.png"
        path.write_bytes(base64.b64decode(page.call("Page.captureScreenshot", **more)["data"]))
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--strip", "--output", str(path), "64", str(path)],
                       check=False)  # where it would only grow the picture stays as it is
        print(f"{path.name}: {path.stat().st_size // 1000} kB")


def shows(page, words):
    """While one page takes another's place there is none to ask."""
    with contextlib.suppress(Fault):
        return page.evaluate(f"document.readyState === 'complete' && document.body.innerText.includes('{words}')")


def dashboards(studio, sample):
    for name, size, query, dark in (("dashboard-phone-ja", PHONE, "?lang=ja", False),
                                    ("dashboard-phone-en", PHONE, "?lang=en", True),
                                    ("dashboard-wall-ja", WALL, "?lang=ja", True),
                                    ("dashboard-wall-en", WALL, "?lang=en", False)):
        page = studio.open(f"{sample.base}/dashboard{query}", size, dark)
        wait_for(lambda: page.evaluate("!!document.querySelector('.card .big b')"))
        studio.shoot(page, name)


def reply_pages(studio, sample):
    for language, person in SILENT.items():
        page = studio.open(sample.link(person), PHONE)
        studio.shoot(page, f"reply-{language}")
        page.evaluate("document.querySelector('[name=status][value=safe]').click()")
        page.evaluate("document.querySelector('form').requestSubmit()")
        wait_for(lambda: shows(page, "✓"))
        studio.shoot(page, f"reply-{language}-answered")


def terminals(studio, sample, folder):
    for name, words, shown in (("status-watch", ("status", "--watch"), "q ends this view"),
                               ("top", ("top",), "q ends this view")):
        drawn = folder / f"{name}.html"
        drawn.write_text(screens.page(sample.terminal(words, shown)), encoding="utf-8")
        page = studio.open(drawn.as_uri(), (1000, 800))
        box = page.evaluate("(b => [0, 0, b.width, b.height])(document.querySelector('pre').getBoundingClientRect())")
        studio.shoot(page, name, box)


def report(studio, sample, folder):
    drawn = folder / "report.html"
    drawn.write_text(sample.tenko.cli("report", "1", "--html").stdout, encoding="utf-8")
    studio.shoot(studio.open(drawn.as_uri(), DESK), "report")


def make(folder, quick):
    for program in ("chromium", "pngquant", "redis-server"):
        if not shutil.which(program):
            sys.exit(f"scripts/screenshots: {program} is missing; scripts/deps --test installs it")
    folder.mkdir(parents=True, exist_ok=True)
    with harness.temporary_folder() as root:
        sandbox = harness.Sandbox(root)
        try:
            sample = Sample(sandbox, PEOPLE_QUICK if quick else PEOPLE)
            with sample, Chromium(root / "chromium") as browser:
                sample.run()
                studio = Studio(browser, folder)
                dashboards(studio, sample)
                terminals(studio, sample, root)
                report(studio, sample, root)
                reply_pages(studio, sample)
        finally:
            faults = sandbox.end()
    if faults:
        sys.exit("\n".join(faults))


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(64, f"{self.prog}: {message}; see --help\n")


def main():
    parser = Parser(prog="scripts/screenshots", description=__doc__.partition(":")[2].strip(),
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=ROOT / "config" / "pictures", metavar="DIR",
                        help="where the pictures go (default: config/pictures)")
    parser.add_argument("--quick", action="store_true", help=f"with {PEOPLE_QUICK} people in the place of {PEOPLE}")
    words = parser.parse_args()
    make(words.into.resolve(), words.quick)


main()
