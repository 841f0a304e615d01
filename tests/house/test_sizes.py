"""Files stay short: one idea each."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "stages").rglob("*.py")) + sorted((ROOT / "tests").rglob("*.py"))
BESIDE_THE_VERBS = ("block.py", "durable.py", "homes.py", "loading.py", "yaml_text.py", "__init__.py")


def limit(path: Path) -> int:
    parts = path.relative_to(ROOT).parts
    if parts[0] == "tests":
        return 400
    if len(parts) == 2:
        return 200 if parts[1] in BESIDE_THE_VERBS else 120
    if parts[1:] == ("engine", "loop.py"):
        return 160
    if parts[1] == "papers":
        return {"method.py": 250, "nets.py": 300}.get(parts[-1], 300)
    return 200


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_file_is_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= limit(path), f"{lines} lines; it holds more than one idea"
