"""The backends: each a pair of an encoder and a transport, and the options it knows."""
