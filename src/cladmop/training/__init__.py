"""Training: batches, the loop, pre-training by pair matching and completion, outcome fine-tuning."""
