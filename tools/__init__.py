"""What maintainers run: the bench, the README's results, the import graph."""
