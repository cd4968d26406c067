"""What computes: operators, displays, reads of items and attributes."""
