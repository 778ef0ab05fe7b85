"""The development console: one page at `/` that `astropiks dev` has, and `serve` has not."""
