"""The pages: each a function of its :class:`~..context.Context` to a response."""
