"""What redaction costs."""
