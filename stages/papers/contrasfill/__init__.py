"""Contrastive Learning for Diverse Disentangled Foreground Generation (Li et al., ECCV 2022) and its baselines."""
