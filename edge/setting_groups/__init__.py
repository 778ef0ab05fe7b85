"""Settings by what they are about; `edge.settings` puts them together."""
