"""Programs the bench starts: peers and floors in Python, and the hub without its log."""
