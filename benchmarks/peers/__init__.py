"""What hits are measured against."""
