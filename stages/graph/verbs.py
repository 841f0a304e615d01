"""What each verb's command is made of, as a graph source needs to know it."""

from dataclasses import dataclass

TABLE = ("csv", "md", "tex")
FIGURE = ("png", "pdf", "md")


@dataclass(frozen=True)
class Verb:
    """`choice` is the word that an entry's value is given as; `files` are what a final stage writes by default.

    What `follows` is left out with an input that was not run. What is `small` ends within seconds, whatever the data.
    """

    choice: str
    of_paper: bool = False
    seed: bool = False
    method: bool = False
    follows: bool = False
    small: bool = False
    files: tuple[str, ...] = ()


VERBS = {
    "preflight": Verb("need", small=True),
    "render": Verb("set"),
    "detect": Verb("set"),
    "prepare": Verb("set"),
    "teach": Verb("what"),
    "train": Verb("method", of_paper=True, seed=True, follows=True),
    "discover": Verb("what", of_paper=True, seed=True, method=True),
    "sample": Verb("method", of_paper=True, seed=True, follows=True),
    "measure": Verb("what", of_paper=True, follows=True),
    "tabulate": Verb("what", of_paper=True, files=TABLE),
    "illustrate": Verb("what", of_paper=True, files=FIGURE),
}
# Outputs that belong to a paper: in its graph they are named without it.
OWN_NOUNS = ("model", "direction", "sample", "score")
