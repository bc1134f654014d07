"""Types of the service: data sets, jobs, triage, webhooks, keys."""
