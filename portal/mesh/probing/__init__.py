"""What a TLS probe tries, reads and concludes; workers/probe dials, and everything here is pure."""
