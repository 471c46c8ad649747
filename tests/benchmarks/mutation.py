"""Change one thing at a time in a copy of the tree, and see whether the tests notice: `python -m tests.benchmarks.mutation`.

Prints every change that no test noticed. `python -m tests.benchmarks.mutation rules/policy.py` looks at one file only.
"""

from __future__ import annotations

import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = {
    "rules/policy.py": ["tests/pure/test_policy.py", "tests/timelines"],
    "rules/engine.py": ["tests/pure/test_engine.py", "tests/timelines"],
}
"""Of each file, the tests that are to notice."""
TURNED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Yield, for each change, what it is, and the source with it."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        for name, changed in _changes(node):
            whole = copy.deepcopy(tree)
            target = list(ast.walk(whole))[number]
            for field, value in changed.items():
                setattr(target, field, value)
            line = getattr(node, "lineno", 0)
            yield (
                f"line {line}: {name}: {source.splitlines()[line - 1].strip()}",
                ast.unparse(ast.fix_missing_locations(whole)),
            )


def _changes(node: ast.AST) -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
        turned = TURNED[type(node.ops[0])]
        yield turned.__name__, {"ops": [turned(), *node.ops[1:]]}
    elif isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in TURNED:
        turned = TURNED[type(node.op)]
        yield turned.__name__, {"op": turned()}
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "never", {"test": ast.Constant(value=False)}
        yield "always", {"test": ast.Constant(value=True)}
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(not node.value), {"value": not node.value}
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield f"{node.value + 1}", {"value": node.value + 1}
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "no 'not'", {"op": ast.UAdd(), "operand": ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])}
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "left out", {"value": ast.Constant(value=None)}


def survivors(path: str, tests: list[str]) -> Iterator[str]:
    """Yield every change of the file that none of the tests notices."""
    with tempfile.TemporaryDirectory(prefix="turntoward-mutation-") as folder:
        copy = Path(folder) / "tree"
        copy.mkdir()
        for part in ("detector", "rules", "tests", "docs"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        source = (ROOT / path).read_text()
        env = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=1", *tests]
        if subprocess.run(command, cwd=copy, env=env, check=False, capture_output=True).returncode:
            raise RuntimeError("the tests do not even pass unchanged")
        for what, changed in mutants(source):
            (copy / path).write_text(changed)
            try:
                code = subprocess.run(
                    command, cwd=copy, env=env, check=False, capture_output=True, timeout=180
                ).returncode
            except subprocess.TimeoutExpired:
                continue
            if code == 0:
                yield f"{path} {what}"


def main() -> int:
    """Print the survivors as they are found; return how many there are."""
    count = 0
    for path in sys.argv[1:] or TESTS:
        for survivor in survivors(path, TESTS[path]):
            print(survivor, flush=True)
            count += 1
    return count


if __name__ == "__main__":
    sys.exit(main())
