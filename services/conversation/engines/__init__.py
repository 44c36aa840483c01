"""Engines of the conversation service."""
