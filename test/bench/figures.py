"""What a measure returns, and how several runs of it become a row of the table."""

import dataclasses
import statistics
from typing import Optional

MILLION = 1_000_000


@dataclasses.dataclass
class Sample:
    """One figure of one run. The goal is one of: `least` or `most` of the value, `least_ratio` of
    value to reference. `sized`: the goal speaks of a million people, so at fewer it is not judged."""

    name: str
    value: float
    unit: str
    reference: Optional[float] = None
    against: str = ""  # what the reference is
    least: Optional[float] = None
    most: Optional[float] = None
    least_ratio: Optional[float] = None
    sized: bool = False


class Row:
    """The samples of one name: the median, with the least and the most of all runs beside it."""

    def __init__(self, samples, people):
        self.first = samples[0]
        self.values = [sample.value for sample in samples]
        self.value = statistics.median(self.values)
        references = [sample.reference for sample in samples if sample.reference is not None]
        self.reference = statistics.median(references) if references else None
        ratios = [sample.value / sample.reference for sample in samples if sample.reference]
        self.ratio = statistics.median(ratios) if ratios else None
        self.met = self.judge(people)

    def judge(self, people):
        """None: there is no goal, or it is for a million people."""
        goal = self.first
        if goal.sized and people < MILLION:
            return None
        if goal.least is not None:
            return self.value >= goal.least
        if goal.most is not None:
            return self.value <= goal.most
        if goal.least_ratio is not None:
            return self.ratio is not None and self.ratio >= goal.least_ratio
        return None

    def goal(self):
        goal = self.first
        if goal.least is not None:
            return f">= {number(goal.least)} {goal.unit}"
        if goal.most is not None:
            return f"<= {number(goal.most)} {goal.unit}"
        if goal.least_ratio is not None:
            return f"ratio >= {goal.least_ratio:g}"
        return ""

    def verdict(self):
        if self.met is None:
            return "too small" if self.goal() else ""
        return "met" if self.met else "NOT MET"

    def cells(self):
        value = f"{number(self.value)} {self.first.unit}"
        if len(self.values) > 1:
            value += f" ({number(min(self.values))}..{number(max(self.values))})"
        reference = ""
        if self.reference is not None:
            reference = f"{number(self.reference)} {self.first.unit}, {self.first.against}"
        return (self.first.name, value, reference, "" if self.ratio is None else f"{self.ratio:.2f}",
                self.goal(), self.verdict())

    def json(self):
        return {"measure": self.first.name, "value": self.value, "unit": self.first.unit,
                "values": self.values, "reference": self.reference, "against": self.first.against,
                "ratio": self.ratio, "goal": self.goal(), "met": self.met}


def number(value):
    """Three places that count: 0.042, 3.14, 61,200."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def rows_of(runs, people):
    """`runs`: the samples of each run. A row a name, in the order they came."""
    by_name = {}
    for samples in runs:
        for sample in samples:
            by_name.setdefault(sample.name, []).append(sample)
    return [Row(samples, people) for samples in by_name.values()]


def table(rows):
    lines = [("measure", "value", "reference", "ratio", "goal", "met"), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(" | ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in lines)


def quantile(values, part):
    return sorted(values)[min(int(len(values) * part), len(values) - 1)] if values else 0.0
