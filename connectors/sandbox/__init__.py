"""Simulated platforms that run as real servers and real files on loopback."""
