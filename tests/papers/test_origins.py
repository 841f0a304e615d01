"""Every number that is said to be from a paper's text stands in the section, table or caption that it is cited from."""

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from stages import homes
from stages.runner import layers, params
from tests.papers import origins
from tests.papers.origins import PAPERS, ROOT, TEXTS

FACTS: dict[str, dict[str, list[float]]] = json.loads(origins.FACTS.read_text(encoding="utf-8"))
PLACE = re.compile(r"§([A-Z]?\d*(?:\.\d+)?)|(?:([Tt]able)|Fig\.) (\d+)(?:( to | and )(\d+))?")
# Layers of the common file, whose origins name no paper.
SHARED = {
    "contrasfill": ("face", "faces", "bird", "car", "cars", "cub", "teacher.pmg", "detect", "supply.celebamask_hq",
                    "supply.ffhq", "supply.lsun_bird", "supply.lsun_car", "supply.stanford_cars", "supply.cub"),
    "ganseg": ("celeba_wild", "cub_masks", "flowers", "taichi", "supply.celeba_wild", "supply.cub_masks",
               "supply.flowers", "supply.taichi"),
}  # fmt: skip
# Numbers that the text gives by a rule: (value, the number in the text, what it is divided by, which stands there too).
DERIVED = {
    "contrasfill.contrasfill.base.lambda_known": [(0.1, 1, 10)],  # "decrease both by 10 times for the next 100k"
    "contrasfill.contrasfill.base.lambda_unknown": [(0.01, 0.1, 10)],
    "contrasfill.contrasfill.data.car.lambda_unknown": [(0.5, 5, 10)],
}


def places_in(said: str) -> list[str]:
    """The sections, tables and figures that an origin names."""
    found = []
    for section, table, number, joint, last in PLACE.findall(said):
        if section:
            found.append(section)
            continue
        every = range(int(number), int(last) + 1) if joint == " to " else [number, *([last] if last else [])]
        found += [f"{'Table' if table else 'Fig.'} {one}" for one in every]
    return found


def numbers_in(value: Any) -> Iterator[float]:
    """All numbers of a value; of a name its digits, such as the 18 of resnet18."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from (float(digits) for digits in re.findall(r"\d+", value))
    else:
        for one in value:
            yield from numbers_in(one)


def paper_of(key: str) -> str | None:
    """Whose text the origin of a parameter is in."""
    owners = {name: paper for paper, names in SHARED.items() for name in names} | {paper: paper for paper in PAPERS}
    return next((paper for name, paper in owners.items() if key.startswith(f"{name}.")), None)


def layers_beside(values: dict, base: str, key: str) -> Iterator[tuple[str, Any]]:
    """A key's value in its base, and in the layers of datasets, which are printed where the base is."""
    top, _, _ = base.rpartition(".")
    node = values
    for part in top.split("."):
        node = node[part]
    yield f"{base}.{key}", node["base"][key]
    for name, layer in node.get("data", {}).items() if top.split(".")[0] in PAPERS else ():
        if key in layer:
            yield f"{top}.data.{name}.{key}", layer[key]


def cited() -> list[tuple[str, str, Any, str]]:
    """(paper, key, value, origin) of every parameter whose origin is a paper's text."""
    values, found = params.load(ROOT), []
    for name, said in layers.comments(homes.files(ROOT), ROOT).items():
        base, _, key = name.rpartition(".")
        paper = paper_of(name)
        if paper and base.endswith(".base") and re.match(r"supp\b", said):
            found += [(paper, place, value, said) for place, value in layers_beside(values, base, key)]
    return found


CITED = cited()


def reported(paper: str) -> list[dict[str, str]]:
    with (ROOT / "stages/papers" / paper / "reported.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def known(paper: str, place: str) -> list[float]:
    """The numbers of a place. Raises: AssertionError for a place that the text does not have."""
    assert place in FACTS[paper], f"{paper}'s text has no {place}; it has {', '.join(FACTS[paper])}"
    return FACTS[paper][place]


def held(paper: str, said: str) -> set[float]:
    """All numbers of the places that an origin names; where it names tables, those of the tables alone."""
    places = places_in(said)
    assert places, f"{said!r} names no section, table or figure"
    every = {place: known(paper, place) for place in places}
    tables = [place for place in places if place.startswith("Table")]
    return {number for place in tables or places for number in every[place]}


@pytest.mark.parametrize(("paper", "key", "value", "said"), CITED, ids=[key for _, key, _, _ in CITED])
def test_a_parameter_stands_where_its_origin_says(paper, key, value, said):
    numbers, derived = held(paper, said), set()
    for result, number, divisor in DERIVED.get(key, []):
        assert {number, divisor} <= numbers and number / divisor == pytest.approx(result)
        derived.add(result)
    lacking = [number for number in numbers_in(value) if number not in numbers | derived]
    assert not lacking, f"{key}: {lacking} of {value!r} stand in no place of {said!r}; say whose decision they are"


@pytest.mark.parametrize("paper", PAPERS)
def test_a_printed_number_stands_where_its_location_says(paper):
    for row in reported(paper):
        assert float(row["value"]) in held(paper, row["location"]), row


@pytest.mark.parametrize("paper", PAPERS)
def test_sections_named_anywhere_in_parameters_exist(paper):
    """Also where an origin of ours or of the code's goes on to say what the text has."""
    for name, said in layers.comments(homes.files(ROOT), ROOT).items():
        if paper_of(name) == paper:
            for part in re.findall(r"supp\b.*", said):
                for place in places_in(part):
                    known(paper, place)


@pytest.mark.parametrize("paper", PAPERS)
def test_sections_named_in_code_and_pages_exist(paper):
    folder, count = ROOT / "stages/papers" / paper, 0
    for path in sorted((*folder.rglob("*.py"), *folder.glob("*.yaml"), folder / "README.md")):
        for said in re.findall(r"supp (§[A-Z]?\d*(?:\.\d+)?(?:(?:,| and) §[A-Z]?\d*(?:\.\d+)?)*)", path.read_text()):
            for place in places_in(said):
                assert place in FACTS[paper], f"{path.relative_to(ROOT)}: {said}"
                count += 1
    assert count > 30


def test_nearly_all_numbers_of_the_texts_are_looked_at():
    """A pattern that finds no origin any more would pass all of the above."""
    count = {paper: sum(len(list(numbers_in(value))) for of, _, value, _ in CITED if of == paper) for paper in PAPERS}
    assert count["contrasfill"] >= 40 and count["ganseg"] >= 40, count
    assert [len(reported(paper)) for paper in PAPERS] == [36, 100]


def test_the_facts_are_those_of_the_texts():
    if not all((TEXTS / f"{paper}.txt").is_file() for paper in PAPERS):
        pytest.skip("needs the papers' texts beside the checkout")
    assert origins.FACTS.read_text(encoding="utf-8") == origins.written(origins.facts())


def test_places_are_found_in_a_text():
    text = (
        "1 Nets and 3 more\nWe train for 200k steps, 30,000 of them at 0.002 [9] with three nets.\n2 Li et al.\n"
        "| a | 1.5 |\nTable 1. Best of 7.\nStill 256×256 in $32^2$.\n2.1 Data\nx_4 is no number, 64² is.\n"
        "References\n12. Somebody 2019.\nFigure 8. 90 samples.\n"
    )
    assert origins.places_of(text) == {
        "1": [0.002, 2.0, 3.0, 32.0, 256.0, 30000.0, 200000.0],
        "2.1": [64.0],
        "Fig. 8": [90.0],
        "Table 1": [1.5, 7.0],
    }


@pytest.mark.parametrize(
    ("said", "places"),
    [
        ("supp §B.4 and §F.3", ["B.4", "F.3"]),
        ("supp Fig. 8 to 11, captions", ["Fig. 8", "Fig. 9", "Fig. 10", "Fig. 11"]),
        ("supp §5 Table 1, row BAT-Fill", ["5", "Table 1"]),
        ("supp table 1, at 128 px; Fig. 5 and 6", ["Table 1", "Fig. 5", "Fig. 6"]),
    ],
)
def test_places_are_found_in_an_origin(said, places):
    assert places_in(said) == places


def test_a_wrong_origin_is_found():
    """The rates of B.4 are not in C, whose number is not in D; a part of a number is not it."""
    for paper, said, value in (("ganseg", "supp §C", 1e-4), ("ganseg", "supp §D", 21.42), ("ganseg", "supp §B.4", 3)):
        assert value not in held(paper, said)
    with pytest.raises(AssertionError, match=r"has no B\.5"):
        held("ganseg", "supp §B.5")
