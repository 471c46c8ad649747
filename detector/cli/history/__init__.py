"""Commands that look back: `report`, `why`, `forget`, `export`, `backtest`, `replay`."""
