"""A stand-in for NASA's APIs, for development and tests. Knows nothing of the proxy."""
