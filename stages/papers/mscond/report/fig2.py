"""Figure 2: mean and deviation of logits over the training, seven panels: C4 to C7. Source: supp §2.2, Fig. 2."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.draw.charts import charts, name, no_numbers
from stages.draw.drawn import Drawn
from stages.draw.style import FOOTER_POINTS, SERIES, SOFT
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.logits import Track, open_dynamics, read_tracks
from stages.papers.mscond.report.names import MSCOND, MULTISCALE, RUNS, STREETS, STYLEGAN
from stages.papers.mscond.report.runs import seeds_of

# Row and column of a panel -> its letter, run and height; ascending heights are ours (gap G30).
PANELS = {
    (0, 0): ("a", STYLEGAN, 1),
    (1, 0): ("b", MULTISCALE, 1), (1, 1): ("c", MULTISCALE, 8), (1, 2): ("d", MULTISCALE, 16),
    (2, 0): ("e", MSCOND, 1), (2, 1): ("f", MSCOND, 8), (2, 2): ("g", MSCOND, 16),
}  # fmt: skip
INKS = {"real": SERIES[1], "fake": SERIES[0]}
PROBED = {8: (0, (1, 1.2)), 16: (0, (5, 2))}
NOTE_POINTS = FOOTER_POINTS + 0.5


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: model_<streets>_<run>_<seed> of the three runs; the lowest seed that was run is drawn."""
    scores = open_dynamics(inputs, block.profile)
    figure, axes = charts(3, 3)
    drawn = {run: min(score.by_seed) for (_, run), score in scores.items() if score.by_seed}
    tracks = {run: read_tracks(seeds_of(inputs, "model", STREETS, run)[seed]) for run, seed in drawn.items()}
    for place, (letter, run, height) in PANELS.items():
        chart = axes[3 * place[0] + place[1]]
        name(chart, f"({letter}) {RUNS[run]}, $D_{{disc}}^{{{height}}}$", "thousand images", "logit")
        if run not in tracks:
            no_numbers(chart, scores[STREETS, run].reason)
            continue
        draw(chart, tracks[run]["own", height])
        if run == STYLEGAN:
            for probed, dashes in PROBED.items():
                draw_probe(chart, tracks[run]["probe", probed], dashes)
    for row in (1, 2):
        level([axes[3 * row + column] for column in range(3)])
    widen(axes[0], axes[1])
    explain(axes[2])
    held_out = any("held_out" in track.mean for own in tracks.values() for track in own.values())
    return Drawn(figure, block.profile, caption(drawn, held_out))


def draw(axes: Any, track: Track) -> None:
    """Means as lines, deviations as bands, held-out pictures as a grey line."""
    across = track.images / 1000
    for domain, ink in INKS.items():
        mean, wide = track.mean[domain], track.deviation[domain]
        axes.fill_between(across, mean - wide, mean + wide, color=ink, alpha=0.18, linewidth=0)
        axes.plot(across, mean, color=ink, linewidth=1.3)
    if "held_out" in track.mean:
        axes.plot(across, track.mean["held_out"], color=SOFT, linewidth=0.9)
    axes.set_xlim(0, across[-1])


def draw_probe(axes: Any, track: Track, dashes: tuple[int, tuple[float, float]]) -> None:
    """What heads that only watch would say: means alone."""
    for domain, ink in INKS.items():
        axes.plot(track.images / 1000, track.mean[domain], color=ink, linewidth=0.9, linestyle=dashes)


def level(axes: list[Any]) -> None:
    """One range of logits for a row, so that its panels compare."""
    limits = np.array([one.get_ylim() for one in axes if one.lines])
    for one in axes:
        if len(limits) and one.lines:
            one.set_ylim(limits[:, 0].min(), limits[:, 1].max())


def widen(axes: Any, other: Any) -> None:
    """Give a chart the place of its neighbour too, which is empty."""
    own, more = axes.get_position(), other.get_position()
    axes.set_position((own.x0, own.y0, more.x1 - own.x0, own.height))
    other.remove()


def explain(axes: Any) -> None:
    """What lines and bands mean, in a place of its own."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    axes.set_axis_off()
    lines = [Line2D([], [], color=ink, linewidth=1.3, label=f"{domain}: mean") for domain, ink in INKS.items()]
    bands = [Patch(color=ink, alpha=0.18, linewidth=0, label=f"{domain}: deviation") for domain, ink in INKS.items()]
    held = Line2D([], [], color=SOFT, linewidth=0.9, label="held out: mean")
    probes = [Line2D([], [], color=SOFT, linewidth=0.9, linestyle=dashes, label=f"probe at {height}: means")
              for height, dashes in PROBED.items()]  # fmt: skip
    axes.legend(handles=[*lines, *bands, held, *probes], fontsize=NOTE_POINTS + 0.5, frameon=False, loc="center left",
                handlelength=2.4, borderpad=0)  # fmt: skip


def caption(drawn: Mapping[str, int], held_out: bool) -> str:
    """What is shown, of which seeds, and what is not."""
    seeds = ", ".join(f"{RUNS[run]} {seed}" for run, seed in drawn.items()) or "none"
    out = [RUNS[run] for run in (STYLEGAN, MULTISCALE, MSCOND) if run not in drawn]
    absent = f"Not run: {', '.join(out)}. " if out else ""
    told = {True: "Grey: pictures that were held out. ", False: "No pictures are held out in this profile. "}
    grey = told[held_out] if drawn else ""
    return (
        "Figure 2. Training progress on Cityscapes: logits of (a) StyleGAN2, (b-d) MultiscaleD and (e-g) MsConD "
        "against images seen; at the D the height of its map. Line: mean, band: deviation over images and places. "
        "Rows (b-d) and (e-g) have one range each. In (a) broken lines are heads at 8 and 16 that only watch "
        f"StyleGAN2's own maps and change nothing in it (gap G26). {grey}Seeds drawn: {seeds}. {absent}"
        "Numbers, of all seeds: mscond_dynamics."
    )
