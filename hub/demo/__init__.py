"""The demonstration: three platforms, one question, four askers, four answers."""
