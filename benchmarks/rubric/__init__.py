"""How the words of results are judged by readers who see nothing else."""
