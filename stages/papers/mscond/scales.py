"""Names of sets of heights: '1', '1-8', '1-16'. No torch here."""

LEAST = 8  # no branch stands at 4, so 1-8 is {1, 8}


def label_to_heights(label: str, size_px: int) -> tuple[int, ...]:
    """The heights that a name stands for, ascending: 1-16 is 1, 8, 16.

    Source: supp §2.1 (gap G17).
    Raises: ValueError for any other form, and for a height that a discriminator of this size has no map of.
    """
    first, dash, last = label.partition("-")
    heights = [1]
    if dash and last.isdigit():
        heights += [LEAST << step for step in range(max(1, (int(last) // LEAST).bit_length()))]
    if first != "1" or (dash and str(heights[-1]) != last) or heights[-1] > size_px // 2:
        raise ValueError(
            f"scales: expected 1, or 1-H with H a power of two from {LEAST} to half of {size_px} px, came {label!r}"
        )
    return tuple(heights)


def heights_to_label(heights: tuple[int, ...]) -> str:
    """The name of a set of heights, ascending from 1: the inverse of `label_to_heights`."""
    return "1" if heights == (1,) else f"1-{heights[-1]}"
