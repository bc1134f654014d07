"""What the service answers, by path."""

from . import (
    azure,
    comprehend,
    datasets,
    findings,
    health,
    jobs,
    predict,
    respondents,
    sentiment,
    triage,
    webhooks,
)

ROUTERS = tuple(
    module.router
    for module in (
        sentiment, datasets, jobs, findings, triage, respondents, webhooks, comprehend, azure, predict, health,
    )
)  # fmt: skip
