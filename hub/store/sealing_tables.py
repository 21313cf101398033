"""Tables of sealing: tier keys and subject keys."""
