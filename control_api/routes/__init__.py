"""One module a noun; each has a `router`, but `web`, which answers what no route does."""
