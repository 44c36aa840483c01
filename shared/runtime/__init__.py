"""One runtime runs every model: leases, a scheduler with byte budgets, a batcher, and bindings to where engines run."""
