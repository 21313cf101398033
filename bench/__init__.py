"""Measures the hub beside what partners would otherwise run. `python -m bench --help`; the method is docs/bench.md."""
