"""The same server three times: compare the files with `diff`."""
