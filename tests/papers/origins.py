"""Which numbers stand where in a paper's text: `python -m tests.papers.origins` writes origins.json anew.

The texts lie beside the checkout and are no part of it; of each only this is kept: its sections, tables and figures'
captions, and the sorted numbers that each of them holds.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ROOT.parent / "shared/papers"
FACTS = Path(__file__).with_name("origins.json")
PAPERS = ("contrasfill", "ganseg")

HEADING = re.compile(r"(?:([A-Z](?:\.\d+)?)\.|(\d(?:\.\d+)?)) +[A-Z].*[^.]")
CAPTION = re.compile(r"\W*(?:\\bf )?(Table|Fig(?:ure|\.)) ?(?:\\, )?(\d+)\. ?")
MENTION = re.compile(r"Fig(?:ure|\.) (\d+)")
CITED = re.compile(r"\[\d+(?:, ?\d+)*\]")  # other papers
NUMBER = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(k\b)?")
WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "ten": 10}


def numbers_of(text: str) -> Iterator[float]:
    """Digits, with a k for thousands, and the small numbers that texts write as words."""
    text = CITED.sub("", text)
    for digits, thousands in NUMBER.findall(text):
        yield float(digits.replace(",", "")) * (1000 if thousands else 1)
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in WORDS:
            yield float(WORDS[word])


def places_of(text: str) -> dict[str, list[float]]:
    """{section, Table n or Fig. n: its numbers}; a table stands above its caption, and in no section.

    Everything after the references but captions is left out.
    """
    held: dict[str, list[str]] = {}
    section, rows = "", []
    for line in text.splitlines():
        if line.strip() == "References":
            section = ""
        elif HEADING.fullmatch(line.strip()):
            found = HEADING.fullmatch(line.strip())
            section = found[1] or found[2]
            held[section] = []
            continue
        caption = CAPTION.match(line)
        if "\t" in line or line.lstrip().startswith("|"):
            rows.append(line)
        elif caption:
            place = f"{'Table' if caption[1] == 'Table' else 'Fig.'} {caption[2]}"
            held.setdefault(place, []).extend([line[caption.end() :], *(rows if caption[1] == "Table" else ())])
            rows = []
        elif section:
            held[section].append(line)
    for number in MENTION.findall(text):
        held.setdefault(f"Fig. {number}", [])
    return {place: sorted(set(numbers_of("\n".join(lines)))) for place, lines in sorted(held.items())}


def facts() -> dict[str, dict[str, list[float]]]:
    """The places of both papers, from their texts."""
    return {paper: places_of((TEXTS / f"{paper}.txt").read_text(encoding="utf-8")) for paper in PAPERS}


def written(found: dict) -> str:
    """One line a place."""
    papers = []
    for paper, places in found.items():
        lines = ",\n".join(f"  {json.dumps(place)}: {json.dumps(held)}" for place, held in places.items())
        papers.append(f" {json.dumps(paper)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(papers) + "\n}\n"


if __name__ == "__main__":
    FACTS.write_text(written(facts()), encoding="utf-8")
    print(f"wrote {FACTS.relative_to(ROOT)}")
