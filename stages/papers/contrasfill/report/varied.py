"""What each of ContrasFill's codes moves: the columns that stand in `disentanglement` and beside Table 1."""

from stages.papers.contrasfill.report.comparing import Measured
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.study import Column, Line, Study, cell_texts

VARIED = (
    Column("E_k: known code varied", "angle_known_between_columns", 2),
    Column("E_k: unknown code varied", "angle_known_between_rows", 2),
    Column("score, known", "score_known", 2),
    Column("score, known, twin", "score_known_indep", 2),
    Column("E_u: unknown code varied", "angle_unknown_between_rows", 2),
    Column("E_u: known code varied", "angle_unknown_between_columns", 2),
    Column("score, unknown", "score_unknown", 2),
    Column("loss, known", "loss_known", 2),
    Column("loss, unknown", "loss_unknown", 2),
    Column("loss by chance", "loss_chance", 2),
    Column("held-out accuracy of E_k", "accuracy_known", 2, optional=True),
    Column("of its twin", "accuracy_known_indep", 2, optional=True),
)
WORDS = (
    "Angles in degrees between features of images of one grid of codes, in which one code is varied and the other "
    "held, averaged over pairs and contexts; E_k is the encoder of the known factor, E_u the model's own of all else. "
    "A score is the angle that a space's own code gives less the one that the other code gives: positive and large is "
    "good. The twin is another known-factor encoder, against which nothing was trained. Losses are those of the last "
    "tenth of the training's steps, without their weights; chance is the loss of features that are all alike. A code "
    "whose loss stays there is dead; above it, features follow something else more than the code."
)


def varied_rows(measured: Measured) -> tuple[list[str], list[list[str]]]:
    """Head and lines of the table beside Table 1: ContrasFill's models on object masks, one line a dataset."""
    lines = tuple(Line(label, "contrasfill", dataset) for dataset, label in DATASETS.items())
    study = Study("table1", "Codes varied", WORDS, lines, VARIED)
    return ["", *(column.head for column in VARIED)], cell_texts(study, measured, " ± ")
