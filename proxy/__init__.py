"""NASA's picture of the day, with the key that only the server holds, cached per date."""
