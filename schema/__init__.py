"""What is exchanged and who may see it."""
