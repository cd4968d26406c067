"""Which constructs of the language a program uses, counted on its syntax."""

from __future__ import annotations

import ast

OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
OPERATORS |= {ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@"}


def constructs(source: str) -> set[str]:
    """Return which constructs of the language a text uses."""
    found: set[str] = set()
    tree = ast.parse(source)
    defaults = {f.name: len(f.args.args) for f in tree.body if isinstance(f, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            if len(node.targets) > 1:
                found.add("chained assignment")
            for t in node.targets:
                if isinstance(t, ast.Tuple):
                    swap = isinstance(node.value, ast.Tuple) and ast.dump(t).replace("Store", "Load") != ast.dump(
                        node.value
                    )
                    names = {ast.unparse(e) for e in t.elts}
                    swap = swap and names == {ast.unparse(e) for e in node.value.elts}  # type: ignore[attr-defined]
                    found.add("swap" if swap else "tuple unpacking")
                elif isinstance(t, ast.Subscript):
                    found.add("slice write" if _sliced(t) else "element write")
        elif isinstance(node, ast.AugAssign):
            found.add("augmented assignment")
            if isinstance(node.target, ast.Subscript) and isinstance(node.op, ast.Add):
                found.add("slice +=" if _sliced(node.target) else "element +=")
        elif isinstance(node, ast.BinOp):
            found.add(f"operator {OPERATORS[type(node.op)]}")
        elif isinstance(node, ast.UnaryOp):
            found.add("not" if isinstance(node.op, ast.Not) else "unary -")
        elif isinstance(node, ast.Compare):
            found.add("chained comparison" if len(node.ops) > 1 else "comparison")
        elif isinstance(node, ast.BoolOp):
            found.add("and" if isinstance(node.op, ast.And) else "or")
        elif isinstance(node, ast.IfExp):
            found.add("conditional expression")
        elif isinstance(node, ast.If):
            found.add("if")
            if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                found.add("elif")
            elif node.orelse:
                found.add("else")
        elif isinstance(node, ast.While):
            found.add("while")
        elif isinstance(node, ast.For):
            if (
                isinstance(node.iter, ast.Call)
                and isinstance(node.iter.func, ast.Name)
                and node.iter.func.id == "range"
            ):
                found.add("for range")
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            found.add("slice read" if _sliced(node) else "element read")
        elif isinstance(node, ast.List):
            found.add("list")
        elif isinstance(node, ast.Dict):
            found.add("dict")
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in defaults:
                found.add("call with keyword" if node.keywords else "call by position")
                if len(node.args) + len(node.keywords) < defaults[node.func.id]:
                    found.add("call with default")
            elif isinstance(node.func, ast.Attribute) and not (
                isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "math")
            ):
                found.add("method")
    for f in tree.body:
        if isinstance(f, ast.FunctionDef):
            for node in ast.walk(f):
                if (
                    isinstance(node, ast.Assign)
                    and isinstance(node.value, ast.Tuple)
                    and isinstance(node.targets[0], ast.Name)
                ):
                    found.add("tuple")
    return found


def _sliced(node: ast.Subscript) -> bool:
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return any(isinstance(p, ast.Slice) for p in parts)


# Each of these is in at least 2 % of the programs (tests/test_random_table.py counts).
LANGUAGE = [
    *(f"operator {o}" for o in OPERATORS.values()),
    *"unary -, comparison, chained comparison, and, or, not, if, elif, else, conditional expression".split(", "),
    *"tuple unpacking, augmented assignment, chained assignment, time loop swap".split(", "),
    *"for range, for array, for list, for zip, for enumerate, while, break, early return".split(", "),
    *"element read, slice read, element write, slice write, element +=, slice +=, view written".split(", "),
    *"tuple, list, dict, append, method, call by position, call with keyword, call with default".split(", "),
    *"int parameter, list parameter, dict parameter, tuple parameter, float32".split(", "),
]
