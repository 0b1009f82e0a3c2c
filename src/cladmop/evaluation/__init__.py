"""Evaluation of scores: metrics, comparisons, rivals. It sees scores and labels only."""
