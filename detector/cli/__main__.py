"""`python -m detector.cli` is the command `turntoward`."""

from detector.cli import main

main()
