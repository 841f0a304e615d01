"""Receipts and what they are held against; read by every command."""
