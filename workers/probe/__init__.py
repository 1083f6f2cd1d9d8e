"""The TLS probe: a worker tries whether an application encrypts as its requester says. It only ever shakes hands."""
