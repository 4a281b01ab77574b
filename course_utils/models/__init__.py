"""One module an architecture, to be read beside its paper, with the course's small trainable version of it."""
