"""The full count of kills: `make soak`. Prints what was killed where, and ends with 1 if any byte differs."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.conftest import place
from tests.faults.kills import reference, series
from tests.faults.pairs import pairs

ENGINES = ("snakemake", "dvc")


def main() -> int:
    """Kills trainings and publishes under each engine, and compares every finished tree with an uninterrupted run."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--train", type=int, required=True, help="kills of the training stage, under each engine")
    words.add_argument("--publish", type=int, required=True, help="kills of a publish, under each engine")
    words.add_argument("--pairs", type=int, default=0, help="pairs of engines at once, half of them with a kill")
    words.add_argument("--seed", type=int, required=True, help="seed of the random moments")
    given = words.parse_args()
    begun, faults, lines = time.monotonic(), 0, []
    with tempfile.TemporaryDirectory(prefix="soak é ", dir=place()) as name:
        whole = reference(Path(name, "whole"))
        work = ", ".join(f"{verb} {seconds:.2f} s" for verb, seconds in whole.seconds.items())
        print(f"uninterrupted: {work}; moments drawn with seed {given.seed}", flush=True)
        for engine in ENGINES:
            options = {"seed": given.seed, "say": lambda text: print(text, flush=True)}
            trained, tree = series(engine, whole, Path(name), given.train, **options)
            published, _ = series(engine, whole, Path(name), given.publish, base=tree, **options)
            for what, tally in (("training", trained), ("publishes", published)):
                total = sum(tally.landed.values())
                lines += [f"{engine}: {total} kills of {what}, seed {given.seed}", *tally.lines()]
                faults += len(tally.faults)
        if given.pairs:
            landed, told = pairs(Path(name, "pairs"), given.pairs, given.seed, lambda text: print(text, flush=True))
            lines += [f"{given.pairs} pairs of engines, {landed} kills", *(f"  FAULT {fault}" for fault in told)]
            faults += len(told)
    print("\n".join(lines))
    verdict = f"{faults} faults" if faults else "every finished tree equals the uninterrupted run in every byte"
    print(f"{verdict}; {time.monotonic() - begun:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
