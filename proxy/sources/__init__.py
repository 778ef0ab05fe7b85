"""Where records come from. Each source gives v1 records; only these modules import `httpx`."""
