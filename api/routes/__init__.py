"""What the service answers in shapes of its own, by path."""

from . import datasets, findings, health, jobs, respondents, sentiment, triage, webhooks

ROUTERS = (
    sentiment.router,
    *(each.routes.router for each in (datasets, jobs, findings, triage, respondents, webhooks)),
)
HEALTH = health.router
