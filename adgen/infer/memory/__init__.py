"""Writes, and what they do to other names of the same memory."""
