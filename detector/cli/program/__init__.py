"""Commands about the program itself: `try`, `run`, `status`, `doctor`, `config`, `completion`, `service`."""
