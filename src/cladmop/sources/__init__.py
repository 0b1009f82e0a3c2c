"""Trial sources: each reads one kind of file or service and gives `Trial` records."""
