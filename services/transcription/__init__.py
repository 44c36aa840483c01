"""Transcription: recorded and live speech as text with times, the equivalent of Amazon Transcribe."""
