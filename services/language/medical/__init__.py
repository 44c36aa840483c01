"""Clinical text: entities with their relations and traits, protected health information, codes."""
