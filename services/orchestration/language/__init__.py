"""Amazon States Language (states-language.net), JSONPath and JSONata."""
