"""The built-in slot types, English: what in a text is a date, a number, a city ... and what Lex resolves it to."""
