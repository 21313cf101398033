"""The intake rules ID01-04 and DG01-18: what is wrong with a record, and where."""
