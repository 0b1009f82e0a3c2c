"""Training: batches, the loop, pair-matching pre-training, outcome fine-tuning."""
