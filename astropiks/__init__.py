"""Composition root: application factories, command line, development set-up."""
