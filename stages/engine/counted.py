"""Normal numbers by counter, in integer arithmetic: each a function of (key, row, column), alike on every device.

Nothing is rounded on the way, so a CPU, a GPU and any order or grouping of rows give equal bits.
"""

from functools import cache
from math import fsum, sqrt
from statistics import NormalDist

import torch
from torch import Tensor

WORD = 0xFFFFFFFF
# Philox4x32-10: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011), table 2 and section 3.3.
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
# A 16-bit number chooses one of equally probable halves of a normal, a multiple of 2^-20: the sum of two is exact in
# float32, which holds multiples of 2^-20 up to 16.
LEVELS, FRACTION = 1 << 16, 1 << 20


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]) -> tuple[Tensor, ...]:
    """Philox4x32-10 of 32-bit words held in int64, whose products wrap around as those of unsigned numbers do.

    Shapes: four words of one shape, or of shapes that broadcast -> four words.
    """
    a, b, c, d = counter
    left, right = key
    for _ in range(ROUNDS):
        first, second = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b = ((second >> 32) ^ b ^ left) & WORD, second & WORD
        c, d = ((first >> 32) ^ d ^ right) & WORD, first & WORD
        left, right = (left + KEY_STEPS[0]) & WORD, (right + KEY_STEPS[1]) & WORD
    return a, b, c, d


@cache
def halves(device: torch.device) -> Tensor:
    """The 65,536 values, increasing, of which the sum of two is standard normal: variance 1/2.  Shapes: [65536]."""
    law = NormalDist()
    upper = [law.inv_cdf((level + 0.5) / LEVELS) for level in range(LEVELS // 2, LEVELS)]
    scale = FRACTION * sqrt(0.5 * len(upper) / fsum(value * value for value in upper))
    whole = [round(value * scale) / FRACTION for value in upper]
    with torch.inference_mode(False):
        return torch.tensor([-value for value in reversed(whole)] + whole).to(device)


def normal_rows(key: int, rows: range, columns: int, device: torch.device) -> Tensor:
    """Standard normal numbers of a 128-bit key.

    One word of 32 bits makes a number, four of a block are four neighbours: block j of row r is Philox's of counter
    (j, r, key's third word, fourth) under its first two.
    Shapes: float32 [rows columns].
    """
    words = [key >> shift & WORD for shift in (0, 32, 64, 96)]
    blocks = torch.arange(-(-columns // 4), device=device)
    values = halves(device)

    def of(own: range) -> Tensor:
        numbers = torch.arange(own.start, own.stop, own.step, device=device)[:, None]
        third, fourth = (torch.full_like(numbers, word) for word in words[2:])
        drawn = torch.stack(philox((blocks, numbers, third, fourth), (words[0], words[1])), 2).flatten(1)[:, :columns]
        return values[drawn & (LEVELS - 1)] + values[drawn >> 16]

    # A CPU's cache holds the words of one row, and a GPU wants all rows at once.
    return torch.cat([of(rows[at : at + 1]) for at in range(len(rows))]) if device.type == "cpu" else of(rows)
