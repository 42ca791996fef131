"""The trig-pointing site's API: here only what its migrations need."""
