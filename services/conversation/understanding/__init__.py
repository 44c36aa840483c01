"""What a caller means: intents, slots and built-in types, learnt from a bot's own utterances."""
