"""One folder a service; ``registry`` names their servicers."""
