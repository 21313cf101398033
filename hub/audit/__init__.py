"""The append-only log, its group commit, receipts and their verification."""
