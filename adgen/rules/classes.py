"""Where every public name of NumPy, `math`, `cmath`, `operator` and the builtins stands: the data of `docs/numpy.md`.

Each name is in one class: it has a rule; its derivative is known to be zero; it makes an array or answers a question;
it writes in place; a derivative makes no sense, for a reason that is named; or it has no rule yet, and why. Most names
are found in the table of primitives; what is not there is listed here.
"""

from __future__ import annotations

import builtins
import cmath
import math
import operator
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from adgen.rules.methods import ATTRIBUTES, METHODS, OPERATORS
from adgen.rules.registry import REGISTRY, Primitive

RULE, ZERO, QUERY, IN_PLACE = "rule", "zero", "constructor or query", "in place"
NO_SENSE, NOT_YET, UNKNOWN = "makes no sense", "not yet", "unclassified"
CLASSES = (RULE, ZERO, QUERY, IN_PLACE, NO_SENSE, NOT_YET)

FILES = "reads or writes files or memory of other objects"
TEXT = "makes text"
SETTINGS = "reads or changes settings"
TYPES = "is about types"
DATES = "is about dates"
BITS = "is about the bits of integers"
SYSTEM = "is about the running program"


def words(text: str) -> list[str]:
    return text.split()


# By the name that a module knows them by; a name of several modules means the same in all.
LISTED: dict[str, dict[str, str]] = {
    ZERO: dict.fromkeys(
        words(
            """array_equiv isin isnat lexsort matrix_rank unravel_index ravel_multi_index countOf
            indexOf hash alltrue sometrue in1d round_"""
        ),
        "",
    ),
    QUERY: dict.fromkeys(
        words(
            """bartlett blackman hamming hanning broadcast_shapes diag_indices diag_indices_from
            tril_indices tril_indices_from triu_indices triu_indices_from mask_indices ix_ isscalar
            iscomplexobj isrealobj isfortran iterable may_share_memory shares_memory issubclass
            chebpts1 chebpts2 chebgauss hermgauss hermegauss laggauss leggauss histogram_bin_edges
            dtype itemsize nbytes ndim shape size"""
        ),
        "",
    ),
    IN_PLACE: dict.fromkeys(words("""delitem setitem delattr put_along_axis itemset setfield setflags byteswap"""), "")
    | {
        "resize of an array": "its memory changes size",
    },
    NO_SENSE: {
        **dict.fromkeys(
            words(
                """array2string array_repr array_str base_repr binary_repr format_float_positional
            format_float_scientific datetime_as_string typename info ascii bin chr format hex oct
            ord repr str format_float einsum_path add_docstring add_newdoc add_newdoc_ufunc
            compare_chararrays deprecate deprecate_with_doc disp lookfor set_string_function source who"""
            ),
            TEXT,
        ),
        **dict.fromkeys(
            words(
                """fromfile fromregex fromstring frombuffer from_dlpack genfromtxt load loadtxt save
            savetxt savez savez_compressed open tofile tobytes dump dumps memoryview bytes bytearray
            data ctypes base to_device device flags strides view getfield as_strided byte_bounds
            recfromcsv recfromtxt tostring newbyteorder"""
            ),
            FILES,
        ),
        **dict.fromkeys(
            words(
                """get_printoptions set_printoptions printoptions getbufsize setbufsize geterr seterr
            geterrcall seterrcall set_default_printstyle show_config show_runtime get_include test geterrobj
            seterrobj set_numeric_ops"""
            ),
            SETTINGS,
        ),
        **dict.fromkeys(
            words(
                """can_cast common_type isdtype issubdtype min_scalar_type mintypecode promote_types
            result_type object property classmethod staticmethod find_common_type issctype issubclass_
            issubsctype maximum_sctype obj2sctype sctype2char get_array_wrap"""
            ),
            TYPES,
        ),
        **dict.fromkeys(words("""busday_count busday_offset datetime_data is_busday"""), DATES),
        **dict.fromkeys(["bitwise_count", "packbits", "unpackbits"], BITS),
        **dict.fromkeys(
            words(
                """aiter anext breakpoint compile copyright credits dir eval exec exit globals help id
            input license locals print quit vars safe_eval"""
            ),
            SYSTEM,
        ),
        "nested_iters": "is an iterator over memory",
        "asmatrix": "makes a matrix object; use arrays",
        "mat": "makes a matrix object; use arrays",
        "bmat": "makes a matrix object; use np.block",
        "intersect1d": "its elements are equal to one in each argument: which of both moves is not said",
        "frompyfunc": "its results are arrays of objects; write the function with NumPy",
        "as_series": "what it cuts off depends on exact zeros",
        "trimcoef": "what it cuts off depends on exact zeros",
        "trimseq": "what it cuts off depends on exact zeros",
        "set": "floats are not kept in sets",
        "frozenset": "floats are not kept in sets",
    },
    NOT_YET: {
        **dict.fromkeys(
            words("product cumproduct msort asfarray fastCopyAndTranspose"), "a name that NumPy 2 has dropped"
        ),
        "next": "iterators are followed in loops only",
    },
}


def classify(name: str, value: Any) -> tuple[str, str]:
    """Return the class of a function, and the reason of the last two."""
    row = REGISTRY.find(value)
    if REGISTRY.formula(value) is not None:
        return RULE, ""
    if row is not None:
        return of_row(row), ""
    from adgen.infer.calls import library, writers
    from adgen.infer.calls.calls import handlers  # with all that register there

    if writers.find(value) is not None:
        return IN_PLACE, ""
    if isinstance(value, type) and issubclass(value, BaseException):
        return NO_SENSE, "is an exception"
    if listed := listed_class(name):
        return listed
    if any(find(value) is not None for find in (handlers.find, library.find)):
        return RULE, ""
    return UNKNOWN, ""


def of_row(row: Primitive) -> str:
    if row.kind == "zero" or (row.diff and row.flat.issuperset(row.diff)):
        return ZERO
    if row.kind in ("constructor", "query"):
        return RULE if row.vjp or row.partials else QUERY
    return RULE


def listed_class(name: str) -> tuple[str, str] | None:
    return next(((c, names[name]) for c, names in LISTED.items() if name in names), None)


def classify_method(name: str) -> tuple[str, str]:
    """Return the class of a method or attribute of arrays."""
    from adgen.infer.calls import writers

    function = METHODS.get(name) or ATTRIBUTES.get(name)
    if function is not None:
        return classify(name, function)
    if name in writers.METHODS or name == "fill":
        return IN_PLACE, ""
    if name in ("astype", "compress", "copy", "flat", "flatten", "item", "tolist", *OPERATORS):
        return RULE, ""
    return listed_class("resize of an array" if name == "resize" else name) or (UNKNOWN, "")


def modules() -> dict[str, Any]:
    """Return the modules that are classified, by the name they go by."""
    bases = ("polynomial", "chebyshev", "legendre", "hermite", "hermite_e", "laguerre", "polyutils")
    found: dict[str, Any] = {
        "numpy": np,
        "numpy.linalg": np.linalg,
        "numpy.fft": np.fft,
        "numpy.lib.stride_tricks": np.lib.stride_tricks,
        "numpy.polynomial": np.polynomial,
    }
    found |= {f"numpy.polynomial.{base}": getattr(np.polynomial, base) for base in bases}
    return found | {"math": math, "cmath": cmath, "operator": operator, "builtins": builtins}


def names() -> Iterator[tuple[str, str, str, str]]:
    """Yield module, name, class and reason of every public function, method and attribute."""
    for module, value in modules().items():
        for name in sorted(vars(value) if module != "numpy" else dir(value)):
            function = getattr(value, name, None)
            if name.startswith("_") or not callable(function):
                continue
            if isinstance(function, type) and module not in ("builtins", "operator"):
                continue  # classes of NumPy: scalar types, iterators, series with their domain
            if module.startswith("numpy.polynomial.") and not getattr(function, "__module__", "").endswith(module[6:]):
                continue  # imported there
            if module == "numpy.lib.stride_tricks" and name in (
                "array_function_dispatch",
                "normalize_axis_tuple",
                "set_module",
            ):
                continue  # NumPy 1.26 imports them there
            yield (module, name, *classify(name, function))
    for name in sorted(n for n in dir(np.ndarray) if not n.startswith("_")):
        yield ("ndarray", name, *classify_method(name))
    for method in ("reduce", "accumulate", "outer", "reduceat", "at"):
        yield ("ufunc", method, *(classify(method, getattr(np.add, method))))


PAGE = """# What of NumPy has a derivative

This page is made from the table of rules: `python -m adgen.rules.classes > docs/numpy.md`; a test compares both, and
fails on a name that a new NumPy brings. A step (`floor`, `round`, `sign`, `//`) has the derivative zero: where a source
reaches the result through steps only, its gradient is zeros, not None. Integers (`argmax`, `astype(int)`,
`math.floor`) and comparisons have none. Each public name is in one class:

| class | what it means | names |
| --- | --- | --- |
"""
MEANINGS = {
    RULE: "has a rule, or is followed as part of the program",
    ZERO: "the derivative is zero, as of steps like floor, round and sign, or absent: integers, booleans, shapes",
    QUERY: "makes an array, or answers a question about one, without a derivative",
    IN_PLACE: "writes its argument: followed as a store where it can be, else refused",
    NO_SENSE: "a derivative makes no sense, for the reason given",
    NOT_YET: "refused where a derivative goes through it, for the reason given",
}


def page() -> str:
    """Return the text of the page."""
    rows = list(names())
    parts = [PAGE]
    for c in CLASSES:
        parts.append(f"| {c} | {MEANINGS[c]} | {sum(r[2] == c for r in rows)} |\n")
    for module in dict.fromkeys(r[0] for r in rows):
        parts.append(f"\n## {module}\n")
        for c in CLASSES:
            group = [r for r in rows if r[0] == module and r[2] == c]
            for reason in sorted({r[3] for r in group}):
                listed = ", ".join(f"`{r[1]}`" for r in group if r[3] == reason)
                parts.append(f"\n**{c}**{f' ({reason})' if reason else ''}: {listed}\n")
    return "".join(parts)


if __name__ == "__main__":
    from adgen.rules.load import load_rules

    load_rules()
    sys.stdout.write(page())
