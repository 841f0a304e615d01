"""Unpaired translation held by contrast of patches: PatchNCE, WeightNCE, MoNCE."""
