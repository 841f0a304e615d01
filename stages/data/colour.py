"""Car colours: mean colour of the car, grouped by k-means and named by luminance."""

from dataclasses import dataclass

import numpy as np

from stages.data.instances import ImageDetections

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class Clusters:
    """Colour groups, darkest first. Shapes: centroids float64 [k 3] in 0..1, sizes int64 [k], labels int64 [N]."""

    centroids: np.ndarray
    sizes: np.ndarray
    labels: np.ndarray


def mean_colour(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean RGB over the mask.

    Shapes: uint8 [H W 3], bool [H W] -> float64 [3] in 0..1. Raises: ValueError for an empty mask.
    """
    if not mask.any():
        raise ValueError("expected a mask with at least one pixel, came an empty mask")
    return image[mask].mean(axis=0) / 255.0


def cluster_colours(colours: np.ndarray, count: int, restarts: int, seed: int) -> Clusters:
    """k-means (k-means++, several restarts) on raw RGB; groups are numbered by increasing luminance.

    Rows are sorted before the fit, so that their order does not change the groups.
    Source: supp (k = 8), spec §3.3. Shapes: float64 [N 3]. Raises: ValueError for fewer distinct colours than groups.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    distinct = len(np.unique(colours, axis=0))
    if distinct < count:
        raise ValueError(f"expected at least {count} distinct colours (colours), came {distinct}; supply more photos")
    ordered = colours[np.lexsort(colours.T[::-1])]
    with threadpool_limits(1):
        # The stubs know n_init="auto" alone.
        fit = KMeans(count, init="k-means++", n_init=restarts, random_state=seed, algorithm="lloyd").fit(ordered)  # pyright: ignore[reportArgumentType]
    centroids = fit.cluster_centers_[np.argsort(fit.cluster_centers_ @ _LUMINANCE, kind="stable")]
    labels = nearest_colour(colours, centroids)
    return Clusters(centroids, np.bincount(labels, minlength=count), labels)


def nearest_colour(colours: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Index of the closest centroid. Shapes: float64 [N 3], [k 3] -> int64 [N]."""
    distances = ((colours[:, None] - centroids[None]) ** 2).sum(axis=2)
    return distances.argmin(axis=1).astype(np.int64)


def foreground(
    found: ImageDetections | None,
    box: tuple[int, int, int, int],
    height: int,
    width: int,
    classes: tuple[str, ...],
    minimum_iou: float,
    shrink: float,
) -> tuple[np.ndarray, str]:
    """The pixels taken for the car, and where they come from: `mask` or `box`.

    The detected instance of a wanted class whose box overlaps the annotated one best, if its IoU is above the limit;
    otherwise the annotated box shrunk on each side.
    Source: spec §3.3 (gap G14). Shapes: box with inclusive limits -> bool [height width].
    """
    instances = found.instances if found is not None and (found.height, found.width) == (height, width) else ()
    wanted = [instance for instance in instances if instance.class_name in classes]
    if wanted:
        overlaps = [box_iou(instance.box, (box[0], box[1], box[2] + 1, box[3] + 1)) for instance in wanted]
        best = int(np.argmax(overlaps))
        if overlaps[best] > minimum_iou and wanted[best].area:
            return wanted[best].mask, "mask"
    mask = np.zeros((height, width), bool)
    margin_x = round(shrink * (box[2] - box[0] + 1))
    margin_y = round(shrink * (box[3] - box[1] + 1))
    mask[box[1] + margin_y : box[3] + 1 - margin_y, box[0] + margin_x : box[2] + 1 - margin_x] = True
    return mask, "box"


def box_iou(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2) whose right and lower limits are edges, not pixels."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    inside = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return inside / (sum(areas) - inside) if inside else 0.0
