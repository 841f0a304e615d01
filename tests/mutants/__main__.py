"""`python -m tests.mutants [LIST ...] [--sample N]`: which share of the planted faults the tests notice.

Ends with 0 where at least 95 % of each list are killed and every survivor is explained in it, else with 1; with 2 where
a list is outdated or the tests do not pass without a fault.
"""

import argparse
import sys

from stages.runner.progress import Progress
from tests.mutants import nursery
from tests.mutants.fault import Fault, Outdated, spread
from tests.mutants.lists import LISTS
from tests.mutants.nursery import BROKEN, KILLED, SURVIVED, Outcome, Run

LEAST = 0.95


def main() -> int:
    """Runs the lists that are named, all where none is."""
    words = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    words.add_argument("lists", nargs="*", metavar="LIST", help=f"of {', '.join(LISTS)}; all if none")
    words.add_argument("--sample", type=int, help="so many of each list, always the same")
    words.add_argument("--jobs", type=int, default=2, help="processes at once")
    words.add_argument("--timeout", type=float, default=300.0, help="seconds after which a run is given up")
    words.add_argument("--only", default="", help="faults whose name holds this text")
    given = words.parse_args()
    if unknown := set(given.lists) - set(LISTS):
        words.error(f"no list {', '.join(sorted(unknown))}; there are {', '.join(LISTS)}")
    listed = [fault for name in given.lists or LISTS for fault in LISTS[name]]
    chosen = [fault for fault in (spread(listed, given.sample) if given.sample else listed) if given.only in fault.name]
    try:
        for fault in chosen:
            fault.check()
    except Outdated as error:
        print(f"outdated list: {error}", file=sys.stderr)
        return 2
    nursery.prepare()
    if not sound(chosen, given.jobs, given.timeout):
        return 2
    progress = Progress("mutants")
    done = 0

    def told(number: int, outcome: Outcome) -> None:
        nonlocal done
        done += 1
        progress(done, len(chosen), f"{outcome.word} {chosen[number].name}")

    runs = [Run(fault.tests, fault) for fault in chosen]
    try:
        found = nursery.outcomes(runs, given.jobs, given.timeout, told)
    finally:
        progress.close()
    return summary(list(zip(chosen, found, strict=True)))


def sound(chosen: list[Fault], jobs: int, timeout_s: float) -> bool:
    """Whether the tests pass without a fault; says which do not, and imports what they did."""
    by_file: dict[str, dict[str, None]] = {}
    for fault in chosen:
        for test in fault.tests:
            by_file.setdefault(test.split("::")[0], {})[test] = None
    # A whole file holds its tests already.
    runs = [Run((file,) if file in tests else tuple(tests)) for file, tests in by_file.items()]
    progress, failed = Progress("tests without a fault"), list[str]()

    def told(number: int, outcome: Outcome) -> None:
        if outcome.word != SURVIVED:
            failed.append(f"{' '.join(runs[number].tests)}: {outcome.why}")
        libraries.update(dict.fromkeys(outcome.libraries))
        ended.append(number)
        progress(len(ended), len(runs), runs[number].tests[0])

    ended, libraries = list[int](), dict[str, None]()
    try:
        nursery.outcomes(runs, jobs, timeout_s, told)
    finally:
        progress.close()
    nursery.share(libraries)
    for line in failed:
        print(f"does not pass without a fault: {line}", file=sys.stderr)
    return not failed


def summary(found: list[tuple[Fault, Outcome]]) -> int:
    """Prints what became of each list and what was not noticed."""
    ill = 0
    for paper in dict.fromkeys(fault.paper for fault, _ in found):
        own = [(fault, outcome) for fault, outcome in found if fault.paper == paper]
        count = {word: sum(outcome.word == word for _, outcome in own) for word in (KILLED, SURVIVED, BROKEN)}
        share = count[KILLED] / len(own)
        print(f"{paper}: {len(own)} planted, {count[KILLED]} killed ({share:.1%}), {count[SURVIVED]} survived, "
              f"{count[BROKEN]} broken")  # fmt: skip
        for fault, outcome in own:
            reason = fault.survives if outcome.word == SURVIVED else outcome.why
            if outcome.word != KILLED:
                print(f"  {outcome.word}: {fault.name}: {reason or outcome.why or 'NOT EXPLAINED'}")
                ill += outcome.word == SURVIVED and not fault.survives
            elif fault.survives:
                print(f"  killed by {outcome.why}, although its list says: {fault.survives}: {fault.name}")
        ill += share < LEAST
    print(f"{sum(outcome.seconds for _, outcome in found):.0f} s of all runs together")
    return 1 if ill else 0


if __name__ == "__main__":
    sys.exit(main())
