"""Programs that make parts of the repository: protos, generated code, the coverage page, the lock files."""
