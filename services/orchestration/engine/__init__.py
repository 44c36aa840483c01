"""Executions that survive: the interpreter's frames and events in the database, one owner an execution.

engine.py      start, stop, signal; wakes what is due
run.py         one execution while it is loaded
attempts.py    runs what the interpreter asks for
map_runs.py    runs the items of a distributed map
ownership.py   who is alive, and whose executions are free
store.py       the transactions; tables.py the tables
metrics.py     what Prometheus is told
"""
