"""All that is built as pages that open from a disk."""
