"""Texts compiled in this process, by key. They outlive the gradients that they were made for.

`grad(lambda x: a * x)` inside a loop makes a new function each time, but compiles once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from adgen.cache.header import Stored

_LIMIT = 1024
_entries: OrderedDict[str, Stored] = OrderedDict()
_lock = threading.Lock()


class Counts:
    """How often a text was found in memory, on disk, or had to be made."""

    memory = 0
    disk = 0
    made = 0


def find(key: str) -> Stored | None:
    """Return the entry with this key."""
    with _lock:
        entry = _entries.get(key)
        if entry is not None:
            _entries.move_to_end(key)
        return entry


def put(entry: Stored) -> None:
    """Keep an entry; the one unused for the longest time goes if there are too many."""
    with _lock:
        _entries[entry.key] = entry
        _entries.move_to_end(entry.key)
        while len(_entries) > _LIMIT:
            _entries.popitem(last=False)


def clear() -> None:
    with _lock:
        _entries.clear()
        Counts.memory = Counts.disk = Counts.made = 0


def count() -> int:
    return len(_entries)
