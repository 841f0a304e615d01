"""Deep image prior: a network without training data is fitted to what a hole leaves of one photo."""
