"""Figure 3: embeddings of parts and background of random generations, laid out by t-SNE.

Source: supp §D, Fig. 3; settings ours (gap G19).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.data.files import read_json
from stages.draw import style
from stages.draw.runs import not_run
from stages.papers.ganseg.report.colours import part_colours
from stages.papers.ganseg.report.names import DATASETS, NOT_RUN
from stages.papers.ganseg.report.pictures import Drawn

GROUND = "#9aa1a9"


class Block(Base):
    """t-SNE's perplexity and seed; it depends on nothing else."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    perplexity: float = Field(gt=0)
    layout_seed: int = Field(ge=0)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: sample_<set> of every set, each with embeddings and sample.json."""
    figure = style.figure(11.0, 3.5)
    said = []
    for place, (name, label) in enumerate(DATASETS.items()):
        axes = figure.add_axes((0.012 + 0.247 * place, 0.08, 0.235, 0.8))
        axes.set_title(label, fontsize=style.LABEL_POINTS)
        axes.set_xticks([])
        axes.set_yticks([])
        folder = inputs[f"sample_{name}"]
        if not_run(folder) is not None:
            axes.text(0.5, 0.5, NOT_RUN, ha="center", va="center", color=style.SOFT, transform=axes.transAxes)
            continue
        held = np.load(folder / "embeddings.npy")
        said.append(f"{label} {held.shape[0]} x {held.shape[1]}")
        draw(axes, lay_out(held, block), read_json(folder / "sample.json")["parts"])
    caption = (
        "Figure 3. Embedding vectors of random generations in two dimensions (t-SNE, perplexity "
        f"{block.perplexity:g}, started from the two main axes): generations x (parts and background) are "
        f"{'; '.join(said) or 'none'}. Colours are parts, grey is the background. The part vectors of one image are "
        "one vector times a constant of each part, so some separation is built in; ganseg_embed_separation.json "
        "measures it beside an untrained network's."
    )
    return Drawn(figure, block.profile, caption)


def lay_out(embeddings: np.ndarray, block: Block) -> np.ndarray:
    """Two coordinates of each vector. Shapes: float [N, K + 1, d] → float [N, K + 1, 2].

    Raises: ValueError for fewer vectors than the perplexity needs.
    """
    from sklearn.manifold import TSNE

    vectors = embeddings.reshape(-1, embeddings.shape[-1]).astype(np.float64)
    if len(vectors) <= block.perplexity:
        raise ValueError(f"expected more than {block.perplexity:g} vectors, key perplexity, got {len(vectors)}")
    layout = TSNE(2, perplexity=block.perplexity, init="pca", random_state=block.layout_seed, n_jobs=1)
    return layout.fit_transform(vectors).reshape(*embeddings.shape[:2], 2)


def draw(axes: Any, layout: np.ndarray, parts: int) -> None:
    """Parts in their colours, the background, last, in grey."""
    inks = [*(tuple(colour / 255) for colour in part_colours(parts)), GROUND]
    for number, ink in enumerate(inks):
        axes.scatter(*layout[:, number].T, s=5, color=[ink], edgecolors=style.INK, linewidths=0.15)
