"""Administration: who may change who may see what, and how it is kept."""
