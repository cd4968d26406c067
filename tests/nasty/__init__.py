"""Small legal programs that are hard to differentiate, grouped by theme, each with its verdict."""
