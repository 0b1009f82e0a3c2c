"""What pre-training on a corpus is worth: one network with and without it, on folds and once on test."""
