"""Pages for people: rendered on the server, with a style sheet of our own and nothing from elsewhere."""
