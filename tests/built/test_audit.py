"""The audit of the demo's Table 1, as it was built here."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

TABLE = "results/tables/table1.csv"


@pytest.mark.parametrize("scope", ["--bytes", "--no-data"])
def test_the_audit_of_the_built_table_is_clean(scope):
    if not (ROOT / TABLE).is_file():
        pytest.skip(f"needs {TABLE}, which make table1 builds")
    words = [sys.executable, "-m", "stages.retrace.main", "audit", scope, TABLE]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "root " in done.stdout
