"""The Successful Clinical Trials corpus: registry records, through rules and resolution, to training trials."""
