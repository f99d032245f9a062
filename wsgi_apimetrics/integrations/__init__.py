"""Frameworks: each module imports its framework, and is imported only where that is used.

An integration tells the middleware what the framework knows and the environ does not: the
matched route and its parameters, the framework's own request for the grouping function, and
the errors that the framework deals with itself. It holds no state of a request.
"""
