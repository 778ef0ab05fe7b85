"""What is asked of NASA, and how. Only these modules import `httpx`."""
