"""The segmenter of real images, taught on generated pairs alone."""
