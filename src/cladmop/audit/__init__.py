"""What is wrong with the Trial Outcome Prediction benchmark, counted in its own files."""
