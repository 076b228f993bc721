"""Where calls go: one small protocol (`base`), and what speaks it."""
