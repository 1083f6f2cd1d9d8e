"""Measures the product on this machine: `make bench`. README.md here says what each line means."""
