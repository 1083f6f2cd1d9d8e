"""Telling people: the channels file, the ways to send, and the task that sends what is due."""
