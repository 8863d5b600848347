"""The watch: what to look at next, looking at it, and writing down what became of it."""
