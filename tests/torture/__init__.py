"""Attacks on the running product, from seeds: a few in the ordinary suite, many by `make torture`."""
