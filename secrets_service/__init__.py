"""Runtime secrets for attested apps."""
