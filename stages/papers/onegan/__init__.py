"""OneGAN: conditional generation, segmentation and clustering of one object, learned together without labels."""
