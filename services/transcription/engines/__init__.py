"""Engines of the transcription service, one file each."""
