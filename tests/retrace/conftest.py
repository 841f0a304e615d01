"""Built toy projects for all files of this folder; tests alter copies."""

import pytest

from tests.retrace.toy_paper import ToyPaper
from tests.retrace.toy_tree import Tree


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
