"""Measurements. Ratios of medians of alternating rounds in one run: machines are noisy."""
