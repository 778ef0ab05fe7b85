"""The same check in front of other servers."""
