"""`cache_info` and `clear_cache`."""

from __future__ import annotations

import os
from typing import NamedTuple

from adgen.cache import disk, memory


class CacheInfo(NamedTuple):
    """What the caches hold. `found_*` and `compiled` count since the process began or the cache was cleared."""

    folder: str
    enabled: bool  # whether the disk is used
    files: int
    bytes: int
    in_memory: int
    found_in_memory: int
    found_on_disk: int
    compiled: int


def cache_info() -> CacheInfo:
    """Return what the caches of compiled source hold.

    >>> import adgen
    >>> adgen.cache_info().compiled >= 0
    True
    """
    files = disk.entries()
    size = 0
    for path in files:
        try:
            size += os.path.getsize(path)
        except OSError:  # another process removed it
            continue
    counts = memory.Counts
    return CacheInfo(
        disk.folder(), disk.is_on(), len(files), size, memory.count(), counts.memory, counts.disk, counts.made
    )


def clear_cache() -> None:
    """Forget all compiled source, in memory and on disk. Gradients compile anew at their next call.

    >>> import adgen
    >>> adgen.clear_cache()
    >>> adgen.cache_info().files
    0
    """
    from adgen.api.engine import reset_all
    from adgen.api.products import clear_engines

    disk.clear()
    memory.clear()
    clear_engines()
    reset_all()
