"""Paired translation by SPADE under several losses between generated and real pictures."""
