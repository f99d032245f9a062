"""The frameworks: what each tells, by itself and behind each server."""
