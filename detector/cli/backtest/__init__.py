"""`turntoward backtest`."""
