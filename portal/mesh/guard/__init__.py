"""The guard: ValidatingAdmissionPolicies by which Kubernetes itself refuses what no ticket allows. Pure."""
