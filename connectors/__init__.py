"""Where records come from: the port, the transports, and the platforms behind them."""
