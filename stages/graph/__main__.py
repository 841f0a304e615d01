"""`make graph`: writes dvc.yaml and stages/code.json from their sources; DVC's first stage, --check, only compares."""

import sys
from pathlib import Path

from stages.graph import written
from stages.graph.source import SHARED
from stages.runner import project, terminal


def main(words: list[str]) -> int:
    """0 done, 2 wrong usage, 78 a source that is not right or a generated file that is not what its sources say."""
    if words not in ([], ["--check"]):
        print("usage: python -m stages.graph [--check]", file=sys.stderr)
        return 2
    terminal.speak_plainly()
    try:
        project.refuse_elsewhere(SHARED)
        if words:
            written.refuse_stale(Path())
            written.note_checked(Path())
        elif changed := written.write(Path()):
            print(f"wrote {', '.join(changed)}")
        else:
            print("dvc.yaml and stages/code.json are what their sources say")
    except ValueError as error:
        print(terminal.safe(str(error)), file=sys.stderr)
        return 78
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
