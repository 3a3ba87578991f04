"""What the recipes on images share: configs, families of tasks, runs, and what masks say."""
