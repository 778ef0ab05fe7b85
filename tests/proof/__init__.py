"""Whether the service can be trusted.

Suites, in a quick form for `make test`, and whole for `make proof`. `record` keeps what they show,
and `report` writes it into docs/proof.md.
"""
