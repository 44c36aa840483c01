"""The dialog: what a bot says and does next, as a pure machine over a session and a definition."""
