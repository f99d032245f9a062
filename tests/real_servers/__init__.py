"""Real servers in processes of their own, and a client that sees every byte they send."""
