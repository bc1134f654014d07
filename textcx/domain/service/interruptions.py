"""How an attempt of a job ends before its work does."""


class JobCancelled(Exception):
    """The job was cancelled, deleted or started again: this attempt ends here."""


class ProcessEnds(BaseException):
    """The process is to end. No ``except Exception`` sees it, so the job counts as unfinished and goes on elsewhere."""
