"""Figures for Prometheus. The only importer of prometheus_client; every service has its own."""
