"""Comparing two or more things fairly on a machine that is never quite quiet: by turns, and by medians."""

import time
from collections.abc import Callable, Mapping
from math import ceil
from statistics import median

__all__ = ["interleaved", "medians", "percentile", "seconds"]


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def interleaved(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Take one figure of every side in turn, ``rounds`` times, so that a busy minute falls on all; return the figures by side."""
    figures: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        # Every other round runs backwards, so that no side always comes first.
        order = list(sides) if turn % 2 == 0 else list(reversed(sides))
        for name in order:
            figures[name].append(sides[name]())
    return figures


def medians(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the median of each side over ``rounds`` interleaved rounds."""
    return {name: median(figures) for name, figures in interleaved(sides, rounds).items()}


def percentile(figures: list[float], percent: float) -> float:
    """Return the smallest figure that at least ``percent`` per cent of all do not exceed (nearest rank)."""
    ordered = sorted(figures)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
