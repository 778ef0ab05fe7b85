"""What HTTP means for every service here: gate, error envelope, settings, logs."""
