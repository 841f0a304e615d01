"""Files that DVC writes in place: what a kill leaves of them is there and cannot be read."""

import json
from pathlib import Path

import yaml


def json_file(path: Path) -> bool:
    """Whether a JSON file is there and does not parse."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return True
    except OSError:
        return False
    return False


def dvc_lock(path: Path) -> bool:
    """Whether DVC's list of what it made is there and does not parse, or lacks its head."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError):
        return True
    except OSError:
        return False
    return not isinstance(content, dict) or "schema" not in content
