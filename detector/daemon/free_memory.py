"""Free memory after a session, as the daemon waits for hours before the next one."""

import gc


def free_memory() -> None:
    """Free objects in cycles of references, such as a session that ended.

    Measured after six partner times: 36.5 MB with it, 46.8 MB without. `malloc_trim` would give 1.4 MB more, which is
    not worth a call into the C library.
    """
    gc.collect()
