"""The generative model: noise to points, points to masks, masks to image."""
