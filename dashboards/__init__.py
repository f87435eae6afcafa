"""Grafana's dashboards, as code: one module each, and the parts that they share. ``make dashboards`` writes the JSON.

Queries are made of the catalogue and of the rules' recorded series, so that a metric that does not exist cannot be
named; they select by metric, never by job, and aggregate to labels of the metric's own, as two replicas may be scraped.
"""
