"""The edge: compose, loop, supervise, perform. The only room that waits."""
