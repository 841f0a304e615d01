"""Built toy projects for all files of this folder; tests alter copies."""

from pathlib import Path

import pytest

from stages.runner import plan
from tests.retrace.toy_paper import ToyPaper
from tests.retrace.toy_tree import Tree


@pytest.fixture(autouse=True)
def own_verbs(monkeypatch):
    """This process holds the project's verbs; those of a toy in the current folder are their own file alone."""
    ours = plan.modules_of

    def modules_of(verb: str, choices: dict[str, str]) -> tuple[str, ...]:
        source = Path(f"stages/{verb}.py")
        is_toy = source.is_file() and "def module_of" not in source.read_text(encoding="utf-8")
        return (f"stages.{verb}",) if is_toy else ours(verb, choices)

    monkeypatch.setattr(plan, "modules_of", modules_of)


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Tree:
    """Never altered."""
    tree = Tree(tmp_path_factory.mktemp("built"))
    tree.build()
    return tree


@pytest.fixture()
def tree(built, tmp_path) -> Tree:
    """A copy to alter."""
    return built.copy(tmp_path / "tree")


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> ToyPaper:
    """A small paper with table, picture and claims, all stages run; never altered."""
    paper = ToyPaper(tmp_path_factory.mktemp("published"))
    paper.build()
    return paper


@pytest.fixture()
def paper(published, tmp_path) -> ToyPaper:
    """A copy to alter, in a folder whose name has a space."""
    return published.copy_to(tmp_path / "a copy")
