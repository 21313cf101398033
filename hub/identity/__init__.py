"""Who asks: access tokens and the partners behind them."""
