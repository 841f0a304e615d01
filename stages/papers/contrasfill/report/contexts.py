"""The loop of every sheet of samples: contexts of each set, spread evenly, as groups of lines."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.data.prepared.packed import Packed
from stages.draw.grid import Group, Measures, Sheet, sheet_to_figure
from stages.papers.contrasfill.report.pictures import Drawn, contexts_text, profile_of, read_all, seeds_text, spread
from stages.papers.contrasfill.sampled import Samples

OURS = "contrasfill"
ToGroups = Callable[[str, Packed, dict[str, Samples], list[int]], Iterable[Group]]


@dataclass(frozen=True)
class Contexts:
    """What a sheet shows: its groups, all samples behind them, and the text that names the contexts."""

    groups: tuple[Group, ...]
    used: list[Samples]
    said: str

    @property
    def seeds(self) -> str:
        """`seed 0`, or all of them."""
        return seeds_text(self.used)

    def drawn(self, heads: tuple[str, ...], gaps_after: tuple[int, ...], caption: str, **measures: Measures) -> Drawn:
        """The sheet as a figure with its caption. Raises: ValueError where profiles differ."""
        sheet = Sheet(heads, self.groups, gaps_after=gaps_after)
        return Drawn(sheet_to_figure(sheet, **measures), profile_of(self.used), caption)


def over_sets(inputs: Mapping[str, Path], called: Mapping[str, str], count: int, to_groups: ToGroups) -> Contexts:
    """`count` contexts of every set; `called` gives the word before each set's contexts in the text.

    Inputs: data_<set>, and sample_<set>_<method> with contrasfill among the methods.
    Raises: ValueError where samples are missing, of other data, or fewer than the figure shows.
    """
    groups: list[Group] = []
    used: list[Samples] = []
    said = []
    for name, word in called.items():
        data, samples = read_all(inputs, name)
        if OURS not in samples:
            raise ValueError(f"expected an input sample_{name}_{OURS}, got {sorted(inputs)}")
        places = spread(len(samples[OURS].several), count)
        used += samples.values()
        said.append(f"{word} {contexts_text(data, samples[OURS], places)}".strip())
        groups += to_groups(name, data, samples, places)
    return Contexts(tuple(groups), used, "; ".join(said))
