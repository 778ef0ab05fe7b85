"""Verify Approov attestation tokens: the one verification module of every service here.

Pure by rule: no web framework, no environment, no logging. Bytes in, an `Attestation` or an
`AttestationError` out. README.md beside this file says in which order to read it.
"""
