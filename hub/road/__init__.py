"""The parts of the one road (`hub.exchange`), each a step: read, compile, fetch, judge, render, attest."""
