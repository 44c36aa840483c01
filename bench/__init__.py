"""Measurements: ``python -m bench`` runs Nonet side by side with what it is compared to and prints ratios."""
