"""What the noise planes of a batch cost, by counter and as numpy draws them: python -m benchmarks.noise [--device cuda]

Run by hand, on the CPU with one thread. Processor milliseconds (on a GPU those of the clock) of one batch's planes on
the device, for one process and for each of several: numpy draws the whole batch in every process and moves its rows,
the counter's rows are drawn alone.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.gpu import wait
from stages.engine.chance import Chance
from stages.engine.world import World
from stages.nets.stylegan.noise import NoisePlanes


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("side", 256), ("batch", 32), ("processes", 8), ("times", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(given.device)
    sides = [2**level for level in range(2, given.side.bit_length())]
    columns = NoisePlanes([4] + [side for side in sides[1:] for _ in range(2)]).size
    for size in (1, given.processes):
        chance, rows = Chance(0, 0, World(0, size, device)), given.batch // size
        whole = taken(lambda c=chance, r=rows: c.normal("noise", r, columns).to(device), given)
        counted = taken(lambda c=chance, r=rows: c.noise("noise", r, columns, device), given)
        print(f"{size} processes, {rows} rows of {columns}: numpy {whole:7.1f} ms, by counter {counted:7.1f} ms "
              f"(x {counted / whole:.2f})", flush=True)  # fmt: skip


def taken(draw: Callable[[], object], given: argparse.Namespace) -> float:
    """Milliseconds of one draw."""
    spent, now = [], time.process_time if given.device == "cpu" else time.perf_counter
    for _ in range(given.times + 1):
        begun = now()
        draw()
        wait(given.device)
        spent.append(1000 * (now() - begun))
    return statistics.median(spent[1:])


if __name__ == "__main__":
    main()
