"""What lasts: projects, keys, accounts, holds, runs, usage. Ports in `ports`, SQLite behind them."""
