"""A source's syntax tree as text without comments, layout and docstrings, and the modules that it imports."""

import ast
from collections.abc import Iterator

# What the parser derives from the rest, or keeps of the writing.
LEFT_OUT = frozenset({"ctx", "kind", "type_comment"})
# Far above what people write, and below what any Python refuses to parse.
DEEPEST = 400
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def parsed(source: bytes) -> ast.Module:
    """A source's syntax tree.    Raises: SyntaxError, ValueError for what is no Python."""
    try:
        return ast.parse(source)
    except (RecursionError, MemoryError) as error:
        raise ValueError(f"nested too deeply: {error}") from None


def text_of(tree: ast.Module) -> str:
    """A syntax tree as text that every Python from 3.11 on gives alike: no comment, layout or docstring.

    Raises: ValueError for a tree so deep that not every Python parses it.
    """
    # Not by recursion, whose depth is not Python's to promise: a sum of many terms is as deep as it is long.
    words: list[str] = []
    waiting: list[str | tuple[int, ast.AST]] = [(0, tree)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            words.append(item)
            continue
        depth, node = item
        if depth > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} levels deep")
        waiting += [part if isinstance(part, str) else (depth + 1, part) for part in reversed(_parts(node))]
    return "".join(words)


def _parts(node: ast.AST) -> list[str | ast.AST]:
    """A node's text around its children. Fields that are empty are left out: newer Pythons have more of them."""
    parts: list[str | ast.AST] = []
    text = f"({type(node).__name__}"
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(node, DOCUMENTED) and _is_docstring(value):
            value = value[1:]
        # A constant None is no missing value.
        is_empty = (value is None or value == []) and not (name == "value" and isinstance(node, ast.Constant))
        if is_empty or name in LEFT_OUT:
            continue
        text += f" {name}="
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                parts += [text, item]
                text = ""
            else:
                text += f"{item!r},"
    return [*parts, f"{text})"]


def _is_docstring(body: list[ast.stmt]) -> bool:
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that import statements name, wherever they stand: statements lie in statements alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, block, ())
