"""The guard: ValidatingAdmissionPolicies by which Kubernetes itself refuses what weakens mTLS without a ticket. Pure."""
