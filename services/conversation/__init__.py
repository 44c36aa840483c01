"""The conversation service: bots by text and by voice (Amazon Lex V2)."""
