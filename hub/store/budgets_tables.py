"""Table of what each asker has spent of its quota."""
