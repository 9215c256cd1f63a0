"""The commands of the README's first drill, as somebody would type them."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SECTIONS = {"README.md": "### A first drill in ten minutes", "README.ja.md": "### 10 分で最初の訓練を"}


def first_drill(name):
    """(commands, settings): the lines of its blocks, and the block that is typed into the settings."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    section = text.split(SECTIONS[name])[1].split("\n### ")[0]
    commands, settings = [], []
    for block in re.findall(r"(?:^ {7}\S.*\n)+", section, re.M):
        lines = [line[7:] for line in block.splitlines()]
        (settings if lines[0].startswith("[") else commands).extend(lines)
    return commands, "\n".join(settings) + "\n"
