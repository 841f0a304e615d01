"""`python -m tests.readme`: README's picture and table of results, and ContrasFill's table of what each code moves.

From what is built here in the demo profile. Builds the picture first, in seconds. Table 1 and the scores of three seeds
are taken as they are built; where they are not, a table stays as it is.
"""

import json
import shutil
import subprocess
import sys

from tests.conftest import ROOT
from tests.readme import codes, first_screen


def main() -> int:
    """Writes docs/fig02.png and the blocks of both pages."""
    done = subprocess.run(["snakemake", "--quiet", "--cores", "1", first_screen.FIGURE], cwd=ROOT)
    if done.returncode:
        print(f"{first_screen.FIGURE} could not be built; README stays as it is", file=sys.stderr)
        return done.returncode
    shutil.copyfile(ROOT / first_screen.FIGURE, ROOT / first_screen.PICTURE)
    page = ROOT / "README.md"
    text = page.read_text(encoding="utf-8")
    renewed = "python -m tests.readme writes it"
    text = first_screen.with_block(text, "picture", renewed, first_screen.picture(ROOT / first_screen.PICTURE))
    table = ROOT / first_screen.TABLE
    if table.is_file():
        receipt = json.loads((ROOT / "results/receipts/table1.json").read_text(encoding="utf-8"))
        words = f"python -m tests.readme writes them; made by recipe {first_screen.recipe(ROOT)}"
        text = first_screen.with_block(
            text, "results", words, first_screen.results(first_screen.numbers(table), receipt)
        )
    else:
        print(f"{first_screen.TABLE} is not built: README's table of results stays as it is")
    page.write_text(text, encoding="utf-8")
    found = codes.scores(ROOT)
    if found is None:
        print(f"{codes.STORE} lacks scores of three seeds: {codes.PAGE} stays as it is")
        return 0
    page = ROOT / codes.PAGE
    text = page.read_text(encoding="utf-8")
    page.write_text(first_screen.with_block(text, "codes", renewed, codes.block(found)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
