"""A provincial site, by file packages and by a front-machine database."""
