"""Ways to a backend: bytes in, an outcome out; none of them ever sees an exchange."""
