#!/usr/bin/env bash
# Snakemake runs this once, in the project root with the fresh conda environment active: exactly core.lock gets installed.
set -euo pipefail
UV_PYTHON_DOWNLOADS=never uv pip sync --compile-bytecode --python "${CONDA_PREFIX}/bin/python" --require-hashes envs/core.lock
