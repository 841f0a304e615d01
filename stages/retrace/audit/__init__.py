"""Whether receipts, bytes and sources agree."""
