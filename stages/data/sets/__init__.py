"""One module per prepared set: its Block, and prepare(block, inputs, out, watch)."""
