"""What the command line and the library run, one file per piece of work; idempotent and resumable."""
