"""Room for recursion over syntax: a sum of 3,000 terms is a tree 3,000 levels deep.

Python frames of Python functions live on the heap, so raising the limit costs no C stack. The limit is one
for all threads: the first that enters raises it, the last that leaves restores it.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field

_DEEP = 150_000


@dataclass(slots=True)
class _Limit:
    lock: threading.Lock = field(default_factory=threading.Lock)
    inside: int = 0
    before: int = 0

    def __enter__(self) -> None:
        with self.lock:
            if self.inside == 0:
                self.before = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self.before, _DEEP))
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            # Whoever changed the limit meanwhile meant it.
            if self.inside == 0 and sys.getrecursionlimit() == _DEEP:
                sys.setrecursionlimit(self.before)


deep_recursion = _Limit()  # raises the recursion limit while a `with` block runs
