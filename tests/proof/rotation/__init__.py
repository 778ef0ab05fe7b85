"""What can be rotated is, while apps ask, as docs/deploy.md says: no request fails."""
