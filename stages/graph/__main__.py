"""`make graph`: writes dvc.yaml and stages/code.json from their sources; --check only compares, as DVC's first stage."""

import sys
from pathlib import Path

from stages.graph import written
from stages.graph.names import CHECKED


def main(words: list[str]) -> int:
    """0 done, 2 wrong usage, 78 a source that is not right or a generated file that is not what its sources say."""
    if words not in ([], ["--check"]):
        print("usage: python -m stages.graph [--check]", file=sys.stderr)
        return 2
    try:
        if words:
            written.refuse_stale(Path())
            note_checked(Path())
        elif changed := written.write(Path()):
            print(f"wrote {', '.join(changed)}")
        else:
            print("dvc.yaml and stages/code.json are what their sources say")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 78
    return 0


def note_checked(root: Path) -> None:
    """What the other stages wait for: the same bytes always, so that they never run again for it."""
    place = root / CHECKED
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text('{"dvc.yaml": "as its sources say", "stages/code.json": "as its sources say"}\n', encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
