"""Calls: what is called, and what the library's functions, methods and builtins do."""
