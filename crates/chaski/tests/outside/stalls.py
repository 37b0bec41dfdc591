"""How long the machine stood still while something was measured on it.

A gateway cannot answer in time while it gets no processor or its disk takes no write. What is measured
in such a moment says nothing about it, and is measured again.
"""

import os
import pathlib
import threading
import time

EVERY = 0.05


class Stalls:
    """While it is open, a thread writes and syncs a small file, and notes the longest delay."""

    def __init__(self, folder):
        self.file = pathlib.Path(folder) / "stalls"
        self.longest = 0.0
        self.seen = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def since(self, moment):
        """For how long altogether it stood still since then, by the monotonic clock."""
        return sum(delay for end, delay in list(self.seen) if end > moment)

    def watch(self):
        with open(self.file, "wb", buffering=0) as file:
            while not self.over.is_set():
                began = time.monotonic()
                time.sleep(EVERY)
                file.write(b".")
                os.fsync(file.fileno())
                ended = time.monotonic()
                delay = ended - began - EVERY
                self.longest = max(self.longest, delay)
                if delay > EVERY:
                    self.seen.append((ended, delay))
