"""A real Kubernetes control plane on loopback, without containers: for tests and for `make run CLUSTER=real`."""
