"""The demo's raw data: procedural scenes with known factors, written in each dataset's own layout."""
