"""Ways of sending payloads: each sees bytes and says what came of them, nothing more."""
