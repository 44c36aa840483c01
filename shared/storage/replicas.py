"""The name by which a process owns rows that others may see: jobs, executions, memory of a GPU."""

from __future__ import annotations

import os
import secrets
import socket


def new_replica() -> str:
    """A name for this process as an owner: host, process and a number of its own."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
