"""The failure matrix: each fault times each kind of request.

Faults are NASA's, those of Redis, of a process and of its clock, and some of two or three at once.

`asked` says what is asked for, `judged` what came of it, `expected` what should: written down
before it was seen, as what whoever asks may rely on. `served` has a service to break, and `table`
what was seen as a row.
"""
