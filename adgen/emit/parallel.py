"""Order assignments that belong to one moment."""

from __future__ import annotations


def order_copies(reads: dict[str, set[str]]) -> list[list[str]]:
    """Order parallel assignments so that none destroys what a later one reads; cycles stay together.

    `reads` maps each assigned name to the names that its value reads.
    """
    readers: dict[str, int] = dict.fromkeys(reads, 0)
    for name, used in reads.items():
        for u in used:
            if u in readers and u != name:
                readers[u] += 1
    ready = [n for n in reversed(reads) if readers[n] == 0]
    left = dict.fromkeys(reads)
    out: list[list[str]] = []
    while left:
        if not ready:
            out.append(list(left))
            break
        n = ready.pop()
        del left[n]
        out.append([n])
        for u in sorted(reads[n]):
            if u in left and u != n:
                readers[u] -= 1
                if readers[u] == 0:
                    ready.append(u)
    return out
