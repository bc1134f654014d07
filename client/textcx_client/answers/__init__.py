"""What the service answers: one definition for the client, the service and its OpenAPI document."""
