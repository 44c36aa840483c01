"""What a Task state can call: one module an integration, one line each in ``registry.py``."""
