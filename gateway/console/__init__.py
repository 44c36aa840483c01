"""What people and monitors open in a browser: health, readiness, metrics, and a start page."""
