"""Step Functions: state machines in Amazon States Language, and their durable executions.

language/      the language: definitions, validation, JSONPath, JSONata, intrinsic functions, choice rules
interpreter/   what a state machine does next; no clock of its own, no input or output
engine/        executions that survive: history, timers, ownership, recovery
tasks/         what a Task state can call
"""
