"""The shapes of Amazon Comprehend, Azure AI Language and text-embeddings-inference."""

from . import azure, comprehend, predict

ROUTERS = (comprehend.router, azure.router, predict.router)
