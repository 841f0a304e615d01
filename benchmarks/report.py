"""What a report of everything costs: python -m benchmarks.report FOLDER.

FOLDER becomes a clone of this project in which every stage of the graph has outputs of about the demo's sizes, made up
here, with receipts that an audit accepts. Prints the seconds of processor of `retrace report` (under 60 are asked), its
size (under 60 MB), that of its first page without pictures (under 200 kB) and of its largest page.
"""

import json
import os
import random
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages import graph
from stages.draw.verdict import Verdict, verdicts_to_csv
from stages.graph import Stage
from stages.retrace.evidence import current, papers
from stages.runner import plan, receipt
from stages.runner.code import Code

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = "method,dataset,metric,unit,ours,spread,seeds,printed,difference,profile,protocol"
METHODS, METRICS, TERMS, STEPS = 8, 5, 12, 100
PROTOCOL = {"split": "evaluation", "size_px": 32, "view": "whole image, 32 px, bilinear, antialiased",
            "extractor": "demo_classifier", "extractor_sha256": "0" * 64}  # fmt: skip
PICTURE, PAGE = 160_000, 60_000  # bytes of a figure's png and pdf


def main() -> None:
    folder = Path(sys.argv[1])
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    os.chdir(folder)
    stages = graph.load(".")
    codes = Code()
    for stage in ordered(stages):
        build(stage, codes)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "stages.retrace.main", "report", "report"], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(done.stdout[-2000:] + done.stderr[-2000:])
    made = {path: path.stat().st_size for path in Path("report").rglob("*") if path.is_file()}
    largest = max((size, path.as_posix()) for path, size in made.items() if path.suffix == ".html")
    first = sum(made[Path("report", name)] for name in ("index.html", "style.css"))
    print(f"{after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime:.1f} s of processor, "
          f"{sum(made.values()) / 1e6:.1f} MB in {len(made)} files, first page {first / 1e3:.0f} kB, "
          f"largest {largest[1]} {largest[0] / 1e3:.0f} kB")  # fmt: skip


def ordered(stages: tuple[Stage, ...]) -> list[Stage]:
    """Producers first."""
    made, found = graph.producer(stages), dict[str, Stage]()

    def visit(stage: Stage) -> None:
        for dep in stage.deps:
            if dep in made and made[dep].name not in found:
                visit(made[dep])
        found[stage.name] = stage

    for stage in stages:
        visit(stage)
    return list(found.values())


def build(stage: Stage, codes: Code) -> None:
    """Outputs and receipt of a stage."""
    given = current.arguments(stage)
    planned = plan.Plan(given, plan.modules_of(given.verb, given.choices))
    content = planned.receipt(receipt.of_input) | {"device": "cpu", "packages": {"others": {}, "altered": []}}
    is_final = bool(given.files)
    files = finals(stage, given.files, content) if is_final else folder(given.verb, given.out.name, content)
    top = given.out.parent if is_final else given.out
    for name, made in files.items():
        place = top / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(made)
    content["outputs"] = {name: {"sha256": receipt.file_digest(top / name), "size": len(made)}
                          for name, made in files.items()}  # fmt: skip
    place = receipt.location(given.out, is_final)
    for path, text in (
        (place, receipt.encode(content)),
        (receipt.RECEIPTS / f"{receipt.digest(content)}.json", receipt.encode(content)),
        (receipt.RECEIPTS / "current" / content["stage"].replace("/", "~"), f"{receipt.digest(content)}\n".encode()),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def folder(verb: str, name: str, content: Mapping[str, Any]) -> dict[str, bytes]:
    """Files of a stage's folder."""
    chance = random.Random(name)
    if verb == "render":
        return {f"raw/{number:05d}.jpg": chance.randbytes(2000) for number in range(400)}
    if verb == "measure":
        # Beside those that tables show, some of each input's name, which stand on the cards of models.
        named = sorted({key.partition("_")[2] for key in content["inputs"]} - {""})
        values = [{"method": method, "metric": f"metric{metric}", "value": 1.5, "protocol": PROTOCOL | {"n": metric}}
                  for method in (*(f"m{number}" for number in range(METHODS)), *named)
                  for metric in range(METRICS)]  # fmt: skip
        return {"score.json": json.dumps({"dataset": name, "seed": 0, "values": values}).encode()}
    if verb == "train":
        lines = [f"{step},{step},G/t{term},{chance.random():.6g}" for step in range(STEPS) for term in range(TERMS)]
        return {"curve.csv": "\n".join(["step,images,term,value", *lines, ""]).encode(),
                "weights.safetensors": chance.randbytes(400_000)}  # fmt: skip
    return {f"{number}.npy": chance.randbytes(20_000) for number in range(10)}


def finals(stage: Stage, suffixes: tuple[str, ...], content: Mapping[str, Any]) -> dict[str, bytes]:
    """Files of a table or figure; its rows are the values of the scores before it."""
    name, mark, paper = Path(content["stage"]).name, content["fingerprint"].encode(), str(stage.meta["paper"])
    sets = [Path(entry["path"]).name for entry in content["inputs"].values() if "/score/" in entry["path"]]
    rows = [f"m{method},{one},metric{metric},1,1.5,,1,2,-0.5,demo,n=2; view=whole image"
            for one in sets for method in range(METHODS) for metric in range(METRICS)]  # fmt: skip
    claims = [Verdict(entry.id, "holds", "demo") for entry in papers.claims(papers.PAPERS / paper / "claims.yaml")]
    png = b"\x89PNG\r\n\x1a\n" + len(mark + b"retrace:fingerprint\0").to_bytes(4, "big") + b"tEXt"
    texts = {
        "png": png + b"retrace:fingerprint\0" + mark + b"0000" + bytes(PICTURE),
        "pdf": b"%PDF-1.4 (retrace:fingerprint " + mark + b")" + bytes(PAGE),
        "csv": "\n".join([COLUMNS, *rows, ""]).encode(), "claims.csv": verdicts_to_csv(claims).encode(),
        "md": ("| a | b |\n|:-|:-:|\n" + "| word | 0.123 (0.456) |\n" * 200).encode(), "tex": b"word " * 1000,
    }  # fmt: skip
    if name.endswith(("_claims", "_claims_seeds")):
        texts["csv"] = texts["claims.csv"]
    return {f"{name}.{suffix}": texts.get(suffix, b"{}") for suffix in suffixes}


if __name__ == "__main__":
    main()
