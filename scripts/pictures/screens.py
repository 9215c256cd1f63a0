"""A terminal's screen as a page: each cell a box, so that wide characters stand where they stood."""

import html

# As a terminal shows them on dark ground; pyte names the colours.
COLOURS = {"default": "#d8dee4", "black": "#3b4048", "red": "#ff7b72", "green": "#56d391", "brown": "#e3b341",
           "blue": "#6cb6ff", "magenta": "#d2a8ff", "cyan": "#56d4dd", "white": "#ffffff",
           "brightblack": "#8b949e", "brightred": "#ff7b72", "brightgreen": "#56d391", "brightbrown": "#e3b341",
           "brightblue": "#6cb6ff", "brightmagenta": "#d2a8ff", "brightcyan": "#56d4dd", "brightwhite": "#ffffff"}
GROUND = "#14181d"
STYLE = f"""body {{ margin: 0; background: {GROUND} }}
pre {{ margin: 0; padding: 12px 14px; display: inline-block; background: {GROUND};
      font: 16px/21px "Noto Sans Mono CJK JP", monospace; color: {COLOURS["default"]} }}
b {{ font-weight: 700 }}"""


def colour(name):
    return COLOURS.get(name) or f"#{name}"


def cell(one):
    front, back = colour(one.fg), None if one.bg == "default" else colour(one.bg)
    if one.reverse:
        front, back = back or GROUND, front
    style = f"color:{front}" + (f";background:{back}" if back else "")
    text = f'<span style="{style}">{html.escape(one.data or "")}</span>'
    return f"<b>{text}</b>" if one.bold else text


def page(screen):
    rows = ("".join(cell(screen.buffer[y][x]) for x in range(screen.columns)) for y in range(screen.lines))
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><pre>' + "\n".join(rows) + "</pre>"
