"""Who may see what: tiers, purposes, the matrix, and the pure decision over them."""
