"""What a state machine does next, as a function of what happened: no clock, thread, network or disk of its own.

machine.py    an execution between two moments: frames in, events and effects out
frames.py     where an execution stands
history.py    the events it leaves
effects.py    what it wants done
data_flow.py  a state's input and output
states/       the eight types of states
"""
