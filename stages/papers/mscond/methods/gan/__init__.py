"""StyleGAN2, MultiscaleD and MsConD: one generator, judged at one height or several, with contrast or without."""
