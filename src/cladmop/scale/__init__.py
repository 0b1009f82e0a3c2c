"""More than one process: encoding as a Ray Data job, pre-training by several processes, and what a registry takes."""
