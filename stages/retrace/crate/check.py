"""Judges a crate with the tools of others: python check.py CRATE CONTEXTS, in the environment of envs/crate.lock.

roc-validator asks for JSON-LD contexts by their address. It gets the public documents of the folder CONTEXTS from its
own cache, and no request leaves the machine. Prints one JSON object {checks, issues, passed}.
"""

import io
import json
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote

PROFILE = "provenance-run-crate"
OK = 200
RECORDS = "records"
REQUIRED = ("license", "library_name", "tags")


def main(crate: str, contexts: str) -> None:
    """Validates at level MUST with all profiles that this one builds on, and reads the crate as others would."""
    with tempfile.TemporaryDirectory() as scratch:
        cache = Path(scratch, "cache")
        serve(Path(contexts), cache)
        # The validator makes an address of the path and does not quote it: it gets one without spaces.
        plain = Path(scratch, "crate")
        plain.symlink_to(Path(crate).resolve(), target_is_directory=True)
        found = validate(str(plain), cache)
    found["issues"] += read_back(crate) + records(Path(crate, RECORDS))
    print(json.dumps(found, sort_keys=True))


def serve(contexts: Path, cache: Path) -> None:
    """Lets the validator's cache ask for documents, which come from files instead of the web."""
    from requests.adapters import HTTPAdapter  # pyright: ignore[reportMissingModuleSource, reportMissingImports]
    from requests_cache import CachedSession  # pyright: ignore[reportMissingImports]
    from urllib3 import HTTPResponse  # pyright: ignore[reportMissingImports]

    documents = {json.loads(file.read_bytes())["@id"]: file for file in sorted(contexts.glob("*.json"))}

    class Files(HTTPAdapter):
        def send(self, request, *_, **__):
            body = io.BytesIO(documents[request.url].read_bytes())
            headers = {"Content-Type": "application/ld+json"}
            answer = HTTPResponse(body, headers, OK, preload_content=False, request_url=request.url)
            return self.build_response(request, answer)

    with CachedSession(cache_name=str(cache), backend="sqlite") as session:
        session.mount("https://", Files())
        for address in documents:
            session.get(address)


def validate(crate: str, cache: Path) -> dict:
    """What roc-validator finds."""
    from rocrate_validator import services  # pyright: ignore[reportMissingImports]
    from rocrate_validator.models import Severity  # pyright: ignore[reportMissingImports]

    settings = services.ValidationSettings(
        rocrate_uri=crate, profile_identifier=PROFILE, requirement_severity=Severity.REQUIRED, offline=True,
        cache_path=cache,
    )  # fmt: skip
    result = services.validate(settings)
    issues = [f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues()]
    return {"checks": len(result.executed_checks), "issues": sorted(issues), "passed": result.passed()}


def read_back(crate: str) -> list[str]:
    """What the rocrate and prov libraries cannot read, or read otherwise than it is meant."""
    from rocrate.rocrate import ROCrate  # pyright: ignore[reportMissingImports]

    issues = []
    read = ROCrate(crate)
    missing = [one.id for one in read.data_entities if not (Path(crate) / unquote(one.id)).exists()]
    issues += [f"rocrate: {name} is named and not there" for name in missing]
    if not read.mainEntity:
        issues.append("rocrate: no main entity")
    prov = Path(crate, "prov.json")
    if prov.is_file():
        from prov.model import ProvDocument  # pyright: ignore[reportMissingImports]

        document = ProvDocument.deserialize(source=str(prov), format="json")
        if not document.get_records():
            issues.append("prov: no records")
    return issues


def records(folder: Path) -> list[str]:
    """What the libraries of Croissant and of the model hub refuse among the records; neither asks the web here."""
    return [f"mlcroissant: {path.name}: {text}" for path in sorted(folder.rglob("*.croissant.json"))
            for text in _dataset(path)] + [f"huggingface_hub: {path.name}: {text}" for path in
            sorted(folder.rglob("*.md")) for text in _model(path)]  # fmt: skip


def _dataset(path: Path) -> list[str]:
    """Recommended properties that a description lacks are no issue: a receipt holds no day and no version."""
    import mlcroissant  # pyright: ignore[reportMissingImports]

    try:
        mlcroissant.Dataset(jsonld=path)
    except Exception as error:  # whatever a file that somebody wrote makes of it
        return [" ".join(str(error).split())]
    return []


def _model(path: Path) -> list[str]:
    from huggingface_hub import ModelCard  # pyright: ignore[reportMissingImports]

    try:
        card = ModelCard(path.read_text(encoding="utf-8"))
    except Exception as error:
        return [" ".join(str(error).split())]
    missing = [key for key in REQUIRED if not card.data.get(key)]
    return [f"its front matter has no {key}" for key in missing]


if __name__ == "__main__":
    main(*sys.argv[1:])
