"""A folder for each method, chosen by --method: method.py and the networks that are its own."""
