"""GANSeg: an unsupervised hierarchy of points, part masks and image, and the segmenter that it teaches."""
