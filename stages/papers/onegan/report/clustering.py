"""Child classes as clusters, and what pictures keep of a reference's class: O1, O11. Source: supp §D.1."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.given import reprinted
from stages.papers.onegan.report.pages import Page, page_to_texts
from stages.papers.onegan.report.runs import open_scores
from stages.papers.onegan.report.said import clusters_at_chance, z_is_ignored, z_ratios
from stages.papers.onegan.report.verdicts import o1, o11

FAMILIES = (
    "ACC", "NMI", "NMI_max", "NMI_parent", "purity_parent", "clusters", "empty_clusters", "NMI_colour", "NMI_label",
    "class_agreement", "probe_accuracy", "self_agreement_encoder", "self_agreement_judge", "mask_variance_row",
    "mask_variance_column", "z_ratio",
)  # fmt: skip
METHODS = ("onegan", "permuted", "real")
SAID = (
    "Clusters are the child classes that the style encoder names. Beside them: the same clusters in an order drawn at "
    "random. Agreement is by a judge of its own, a logistic regression on the scorer's features, whose accuracy on "
    "real photos is its limit; what the model's own networks say is `self_agreement`. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from score_<set>_<seed> and the reprinted values."""
    scores = open_scores(inputs, "score", block.profile)
    found = [o1(block.profile, inputs), o11(block.profile, inputs)]
    sections = [
        reprinted(inputs["reprinted"], ("ACC", "NMI")),
        ("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found])),
    ]
    said = SAID + clusters_at_chance(scores) + z_is_ignored(z_ratios(scores))
    page = Page("Clustering", block.profile, scores, FAMILIES, METHODS, said, sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}
