"""Time several functions side by side: in turns, so that whatever slows the machine down meets all of them."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Mapping

PATIENCE = 5.0  # seconds; a function that has had more, and three turns, is left out of the rounds that follow


def time_side_by_side(calls: Mapping[str, Callable[[], object]], rounds: int, batch: float) -> dict[str, float]:
    """Give the seconds that one call of each takes: the best of `rounds` batches of about `batch` seconds each."""
    counts = {name: _count_per_batch(call, batch) for name, call in calls.items()}
    best = dict.fromkeys(calls, float("inf"))
    spent = dict.fromkeys(calls, 0.0)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for turn in range(rounds):
            for name, call in calls.items():
                if turn < 3 or spent[name] < PATIENCE:
                    seconds = _time_batch(call, counts[name])
                    best[name] = min(best[name], seconds)
                    spent[name] += seconds * counts[name]
            gc.collect()
    finally:
        if was_enabled:
            gc.enable()
    return best


def measure_peak(call: Callable[[], object]) -> int:
    """Give the peak of the bytes that one call holds beyond what was held before it."""
    call()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _count_per_batch(call: Callable[[], object], batch: float) -> int:
    count = 1
    while (seconds := _time_batch(call, count) * count) < batch:
        count = max(2 * count, min(10 * count, int(count * batch / max(seconds, 1e-9))))
    return count


def _time_batch(call: Callable[[], object], count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begin) / count
