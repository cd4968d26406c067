"""What comes from outside of a function: free names, globals, what is read and written there."""
