"""The connector under test with its stub, the search for examples, and what both need."""
