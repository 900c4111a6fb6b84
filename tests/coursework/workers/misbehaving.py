"""A task for the processes that mark, which does to them what its argument says.

It is in a module of its own, which imports little, because each new process reads it.
"""

import functools
import os
import signal
import time


def misbehave(name, how, folder):
    """Do what `how` says; leave a line for each beginning."""
    with open(os.path.join(folder, "log"), "a") as log:
        log.write(f"{name}\n")
    once = os.path.join(folder, name)
    if how == "dies" or (how == "dies once" and not os.path.exists(once)):
        open(once, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hangs":
        time.sleep(3600)
    time.sleep(0.05)
    return how


def get_process():
    """Return the id of the process that runs this."""
    return os.getpid()


def run_all(pool, folder, kinds):
    """Return what became of tasks that behave as `kinds` says, by name."""
    tasks = {
        name: functools.partial(tuple, (name, how, str(folder))) for name, how in kinds.items()
    }
    return dict(pool.run(misbehave, tasks))
