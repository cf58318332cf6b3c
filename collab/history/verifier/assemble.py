"""Puts the parts of the verifier and of the witness together, each into one file that needs nothing but Python's standard library."""

import ast
from functools import cache
from pathlib import Path

#: The parts of each file, in the order in which they need one another.
VERIFIER = ("ed25519", "merkle", "notes", "strict", "archive", "replay", "words", "checks", "main")
WITNESS = ("ed25519", "merkle", "notes", "witness")
_VERIFIER_HEAD = '''#!/usr/bin/env python3
"""Verifies an evidence bundle of Collab: one file, Python 3.11 or newer, standard library only, no network, nothing extracted.

    python3 verify.py bundle.zip --policy policy.txt [--prior checkpoint.txt] [--printed lines.txt] [--json] [--lang th|en|both]

Exit code: 0 clean, 1 tampered, 2 cannot verify, 3 verified with reservations. Take this file and the policy from a source of your
own, not from beside the evidence.
"""
'''
_WITNESS_HEAD = '''#!/usr/bin/env python3
"""Witnesses a log of Collab: one file, Python 3.11 or newer, standard library only; by HTTP, or by a file on a stick."""
'''


@cache
def verifier_file() -> bytes:
    """Return verify.py; the same parts always give the same bytes."""
    return _assemble(_VERIFIER_HEAD, VERIFIER)


@cache
def witness_file() -> bytes:
    """Return witness.py."""
    return _assemble(_WITNESS_HEAD, WITNESS)


def _assemble(head: str, parts: tuple[str, ...]) -> bytes:
    imports: set[str] = set()
    bodies = []
    for part in parts:
        path = Path(__file__).with_name(f"{part}.py")
        bodies.append(_part(part, path.read_text(encoding="utf-8"), imports))
    return (head + "\n" + "\n".join(sorted(imports)) + "\n" + "".join(bodies)).encode()


def _part(name: str, source: str, imports: set[str]) -> str:
    lines = source.splitlines()
    tree = ast.parse(source)
    gone: set[int] = set()
    for at, node in enumerate(tree.body):
        if at == 0 and isinstance(node, ast.Expr):
            title = ast.get_docstring(tree) or ""
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if not (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("collab.")):
                imports.add(ast.unparse(node))
        else:
            continue
        gone.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    kept = "\n".join(line for number, line in enumerate(lines, 1) if number not in gone).strip("\n")
    comment = "\n".join(f"# {line}".rstrip() for line in title.splitlines())
    return f"\n\n# --- {name} ---\n{comment}\n\n{kept}\n"
