"""Room for recursion over syntax: a sum of 3,000 terms is a tree 3,000 levels deep.

Python frames of Python functions live on the heap, so raising the limit costs no C stack. The limit is one
for all threads: the first that enters raises it, the last that leaves restores it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_DEEP = 150_000
_lock = threading.Lock()
_inside = 0
_before = 0


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Raise the recursion limit while the block (or the decorated function) runs."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = sys.getrecursionlimit()
            if _before < _DEEP:
                sys.setrecursionlimit(_DEEP)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            # Whoever changed the limit meanwhile meant it.
            if _inside == 0 and _before < _DEEP and sys.getrecursionlimit() == _DEEP:
                sys.setrecursionlimit(_before)
