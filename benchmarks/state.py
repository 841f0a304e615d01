"""What a training's saved state costs: python -m benchmarks.state [--megabytes 1200] [--device cuda]

Run by hand. Seconds until the training goes on, and until the state is on the disk, both also as a ratio to writing and
flushing as many plain bytes; and the megabytes of memory above the weights. On the CPU a training waits for the disk.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.gpu import wait
from stages.engine.behind import Behind
from stages.engine.state import StateFolder


def peak() -> float:
    """The most megabytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1200)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    given = parser.parse_args()
    tensors = {f"w{number}": torch.full((1 << 20,), float(number), device=given.device)
               for number in range(given.megabytes // 4)}  # fmt: skip
    with tempfile.TemporaryDirectory(dir=".") as folder:
        begun = time.perf_counter()
        with open(Path(folder, "plain"), "wb") as file:
            block = bytes(4 << 20)
            for _ in tensors:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        plain, before = time.perf_counter() - begun, peak()
        behind = Behind(StateFolder(Path(folder, "states"), "benchmark"), torch.device(given.device))
        wait(given.device)
        begun = time.perf_counter()
        behind.save(1, {"nets": {"G": tensors}})
        waited = time.perf_counter() - begun
        behind.wait()
        whole = time.perf_counter() - begun
        behind.close()
    print(f"plain bytes {plain:.2f} s; the training waits {waited:.2f} s (x {waited / plain:.2f}), on the disk after "
          f"{whole:.2f} s (x {whole / plain:.2f}), {peak() - before:.0f} MB more memory", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
