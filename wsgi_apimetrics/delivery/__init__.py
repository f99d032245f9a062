"""From a captured exchange to a backend that has it: buffer, worker, retries, spool.

What is captured arrives or is counted with the reason, and the app never waits for it. This
room sees fragments, payloads and outcomes, and of an exchange only its cost and its id.
"""
