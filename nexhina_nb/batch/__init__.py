"""Verbs over whole columns: unique inputs once, packed, paced, retried, kept on disk."""
