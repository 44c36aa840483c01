"""Drawings of definitions and executions as SVG: a graph, its layout, how far an execution got, and the picture."""
