"""InsGen: StyleGAN2 with adaptive augmentation, whose discriminator also tells every image from every other."""
