"""Checks of a configuration: what it does, what is risky in it, whether what it needs is there."""
