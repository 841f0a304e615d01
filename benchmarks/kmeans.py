"""k-means of the direction study's size by scikit-learn and faiss, one thread each: python -m benchmarks.kmeans

Run by hand; faiss is no dependency and is passed over where it is not installed. Processor seconds, memory above
the data, and how good the clusters are (inertia), each also as a ratio to scikit-learn's.
"""

import argparse
import os
import resource
import subprocess
import sys
import time

LIBRARIES = ("scikit-learn", "faiss")


def features(rows: int, width: int, clusters: int):
    """Unit vectors around as many directions as clusters: what penultimate features look like. Shapes: [rows width]."""
    import numpy as np

    draw = np.random.default_rng(0)
    directions = draw.standard_normal((clusters, width), np.float32)
    made = np.empty((rows, width), np.float32)
    # In small parts, so that the peak before the fit is that of the data.
    for start in range(0, rows, 4096):
        part = made[start : start + 4096]
        part[:] = directions[draw.integers(clusters, size=len(part))]
        part += draw.standard_normal(part.shape, np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return made


def fit(library: str, data, clusters: int, iterations: int):
    """The centres: [clusters width]."""
    if library != "faiss":
        from stages.papers.contrasfill.directions.groups import cluster

        centres, _, run = cluster(data, clusters, iterations, 0)
        return centres, run
    import faiss

    faiss.omp_set_num_threads(1)
    model = faiss.Kmeans(data.shape[1], clusters, niter=iterations, seed=0, max_points_per_centroid=len(data))
    model.train(data)
    return model.centroids, iterations


def inertia(data, centres) -> float:
    """Sum of squared distances to the nearest centre."""
    import numpy as np

    total = 0.0
    for start in range(0, len(data), 4096):
        part = data[start : start + 4096]
        nearest = (part @ centres.T * -2 + np.square(centres).sum(1)).min(1)
        total += float(np.square(part).sum() + nearest.sum())
    return total


def measure(library: str, rows: int, width: int, clusters: int, iterations: int) -> None:
    """Prints one line of numbers; runs in a process of its own, so that its peak is its own."""
    data = features(rows, width, clusters)
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    centres, run = fit(library, data, clusters, iterations)
    spent = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(spent, peak / 1024, inertia(data, centres), run)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("rows", 100_000), ("width", 512), ("clusters", 1000), ("iterations", 25)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--library", choices=LIBRARIES)
    arguments = parser.parse_args()
    sizes = (arguments.rows, arguments.width, arguments.clusters, arguments.iterations)
    if arguments.library:
        measure(arguments.library, *sizes)
        return
    first: list[float] = []
    one_thread = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    for library in LIBRARIES:
        words = [
            f"--{name}={value}" for name, value in zip(("rows", "width", "clusters", "iterations"), sizes, strict=True)
        ]
        command = [sys.executable, "-m", "benchmarks.kmeans", "--library", library, *words]
        done = subprocess.run(command, env=one_thread, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{library:14s} not measured: {done.stderr.strip().splitlines()[-1]}")
            continue
        numbers = [float(word) for word in done.stdout.split()[-4:]]
        first = first or numbers
        ratios = [number / other if other else float("nan") for number, other in zip(numbers, first, strict=True)]
        print(
            f"{library:14s} {numbers[0]:8.1f} s (x {ratios[0]:.2f})   {numbers[1]:6.0f} MiB (x {ratios[1]:.2f})   "
            f"inertia {numbers[2]:.1f} (x {ratios[2]:.4f})   {numbers[3]:.0f} iterations",
            flush=True,
        )


if __name__ == "__main__":
    main()
