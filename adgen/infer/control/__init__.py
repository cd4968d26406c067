"""Control flow: branches and what joins them, loops and what they carry, `try` and `with`."""
