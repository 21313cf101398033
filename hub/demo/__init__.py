"""
The demonstration: three platforms, one question, four askers, four answers, each with a receipt that verifies.

Everything is real: servers on loopback, files, a front database, a store, a log. Only the world is invented.
"""
