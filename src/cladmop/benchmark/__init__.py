"""The benchmark: every rival, on every protocol, measured alike."""
