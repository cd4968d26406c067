"""Lists, dicts, tuples and objects."""
