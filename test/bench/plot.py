"""A picture of the rate and the memory against the number of people, by gnuplot."""

import subprocess

NAMES = ("tenko-scheduler", "tenko-mail", "tenko-reply", "redis-server")
SCRIPT = """
set terminal pngcairo size 1000,420 font "Sans,10"
set output {path!r}
set multiplot layout 1,2
set logscale x
set format x "%.0s%c"
set xlabel "people"
set yrange [0:*]
set grid
set key bottom right
set title "Deliveries end to end (null transport)"
set ylabel "deliveries per second"
plot $points using 1:2 with linespoints pt 7 lw 2 notitle
set title "Memory, the most of each process"
set ylabel "MB"
set key top left
plot {lines}
unset multiplot
"""


def plot(points, path):
    """`points`: people, rate and memory by program, as journey() gives them."""
    points = sorted(points, key=lambda point: point["people"])
    rows = [" ".join(f"{value:.3f}" for value in (point["people"], point["rate"],
                                                  *(point["memory"].get(name, 0) for name in NAMES)))
            for point in points]
    lines = ", ".join(f"$points using 1:{column} with linespoints pt 7 lw 2 title '{name}'"
                      for column, name in enumerate(NAMES, 3))
    script = "$points << END\n" + "\n".join(rows) + "\nEND\n" + SCRIPT.format(path=str(path), lines=lines)
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
