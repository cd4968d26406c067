"""Functions of the user: inlined, recursive, handed to the library, with rules of their own."""
