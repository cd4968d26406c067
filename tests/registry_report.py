"""Print what comes out of every row's samples when compiled.

`python -m tests.registry_report [aspect …] [-r row …] [-v]`
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from adgen.rules.registry import REGISTRY
from tests.compiled import ASPECTS, RIGHT, cases, check


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("aspects", nargs="*", default=[], help=f"of {', '.join(ASPECTS)}")
    parser.add_argument("-r", "--rows", nargs="*", default=None)
    parser.add_argument("-v", "--verbose", action="store_true", help="rows that are right too")
    options = parser.parse_args()
    rows = [r for r in REGISTRY.rows() if options.rows is None or r.name in options.rows]
    start = time.perf_counter()
    for aspect in options.aspects or ASPECTS:
        totals: Counter[str] = Counter()
        table: dict[str, Counter[str]] = {}
        print(f"== {aspect}")
        for case in cases(rows):
            verdict = check(case, ASPECTS[aspect])
            kind = verdict.partition(":")[0]
            totals[kind] += 1
            table.setdefault(case.row.name, Counter())[kind] += 1
            if verdict != RIGHT:
                print(f"{case.label}: {verdict[:300]}")
        for name, counts in table.items():
            if options.verbose:
                print(f"{name:<28}" + "".join(f"{counts[k]:>4} {k}" for k in ("right", "refused", "wrong")))
        print(f"{aspect}: {dict(totals)}, {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
