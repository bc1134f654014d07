"""What the service answers in shapes of its own, by path."""

from . import datasets, findings, health, jobs, respondents, sentiment, triage, webhooks

ROUTERS = (
    sentiment.router,
    datasets.router,
    jobs.router,
    findings.router,
    triage.router,
    respondents.router,
    webhooks.router,
)
HEALTH = health.router
