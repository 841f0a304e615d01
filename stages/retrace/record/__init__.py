"""What is handed to others beside the results: model cards, descriptions of data, a certificate."""
