"""Items of a Distributed Map: reading them, putting them into batches, and writing what became of them."""
