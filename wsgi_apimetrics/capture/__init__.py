"""Everything that passes between server and app, teed: the only room that knows PEP 3333."""
