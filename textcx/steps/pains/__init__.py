"""Pain points: what went wrong, how severe, what is said of it, how pains group, who needs a person first."""
