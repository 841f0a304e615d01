"""What the engines and `retrace` take where nothing is to be done, in units of one reading of dvc.yaml.

    python -m benchmarks.engines [--stage contrasfill_table1] [--file results/tables/table1.csv] [--times 3]

Seconds follow the machine's mood; the ratios to the yardstick, taken in the same run, can be compared between days.
The target must be built and adopted: where an engine has something to do, the benchmark ends before it does it.
"""

import argparse
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from unittest import mock

BIN = Path(sys.executable).parent
NOTHING = ("Nothing to be done", "up to date")


def yardstick(times: int) -> float:
    """The least seconds that DVC's own reader takes for dvc.yaml."""
    from dvc.fs import localfs
    from dvc.utils.serialize import load_path

    found = []
    for _ in range(times):
        started = time.perf_counter()
        load_path("dvc.yaml", localfs)
        found.append(time.perf_counter() - started)
    return min(found)


def seconds(words: list[str], times: int) -> float:
    """The least wall time of a call that finds nothing to do.

    Raises: SystemExit where it has something to do, or fails.
    """
    found = []
    for _ in range(times):
        started = time.perf_counter()
        done = subprocess.run([str(BIN / words[0]), *words[1:]], capture_output=True, text=True)
        found.append(time.perf_counter() - started)
        said = done.stdout + done.stderr
        if done.returncode or not any(text in said for text in NOTHING):
            wanted = "expected nothing to do; build the target and `retrace adopt` it first"
            sys.exit(f"{' '.join(words)}: {wanted}\n{said[-600:]}")
    return min(found)


def inside_dvc(stage: str) -> None:
    """Prints where one `dvc repro` spends its time, as `name seconds calls` lines."""
    started = time.perf_counter()
    from dvc.cli import main
    from dvc.dependency import param
    from dvc.output import Output
    from dvc.repo import index

    spent, calls = defaultdict(float), defaultdict(int)
    spent["imports"] = time.perf_counter() - started

    def timed(name, function):
        def call(*words, **named):
            began = time.perf_counter()
            try:
                return function(*words, **named)
            finally:
                spent[name] += time.perf_counter() - began
                calls[name] += 1

        return call

    graph = classmethod(timed("the graph", index.Index.from_repo.__func__))
    with (
        mock.patch.object(param, "read_param_file", timed("parameters", param.read_param_file)),
        mock.patch.object(Output, "get_hash", timed("files and folders", Output.get_hash)),
        mock.patch.object(index.Index, "from_repo", graph),
    ):
        main(["repro", "--quiet", stage])
    whole = time.perf_counter() - started
    spent["the rest"] = whole - sum(spent.values())
    for name, took in spent.items():
        print(name, took, calls[name], sep="\t")


def main() -> None:
    """Prints both tables."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--stage", default="contrasfill_table1", help="what `dvc repro` is given")
    words.add_argument("--file", default="results/tables/table1.csv", help="what `snakemake` is given")
    words.add_argument("--times", type=int, default=3, help="the best of so many calls counts")
    words.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.inside:
        inside_dvc(given.stage)
        return
    unit = yardstick(5 * given.times)
    for dry in (["snakemake", "-n", given.file], ["dvc", "repro", "--dry", given.stage]):
        seconds(dry, 1)  # neither engine may begin to build
    print(f"yardstick: dvc.yaml read once in {unit:.3f} s\n")
    print(f"{'nothing to do':44}{'seconds':>9}{'yardsticks':>12}")
    for call in (
        ["snakemake", "-n", given.file],
        ["snakemake", "--cores", "1", given.file],
        ["dvc", "repro", given.stage],
        ["retrace", "explain", given.file],
    ):
        took = seconds(call, given.times)
        print(f"{' '.join(call):44}{took:9.2f}{took / unit:12.1f}")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.engines", "--inside", "--stage", given.stage],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    print(f"\n{'of dvc repro':44}{'seconds':>9}{'yardsticks':>12}{'calls':>9}")
    for line in done.stdout.splitlines():
        if line.count("\t") == 2:
            name, took, calls = line.split("\t")
            print(f"{name:44}{float(took):9.2f}{float(took) / unit:12.1f}{calls:>9}")


if __name__ == "__main__":
    main()
