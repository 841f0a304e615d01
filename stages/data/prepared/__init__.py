"""The packed form of prepared datasets: written row by row, read as training batches."""
