"""What proxies count of workloads' traffic: workers ask a Prometheus for it and write it down for the web process."""
