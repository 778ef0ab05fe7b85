"""The failure matrix: each fault times each kind of request.

Faults are NASA's, those of Redis, of a process and of its clock, and pairs of NASA's and others.

`asked` says what is asked for, `judged` what came of it, `expected` what should: written down
before it was seen, as what whoever asks may rely on. `served` has a service to break.
"""
