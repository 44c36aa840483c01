"""How a call reaches a servicer, whichever face it came in by: call, chain, host, server."""
