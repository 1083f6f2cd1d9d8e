"""The guard of a cluster: workers keep its parameters in step with live tickets, and its policies with the registry."""
