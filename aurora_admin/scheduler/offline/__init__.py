"""What is done to a log while no scheduler runs: putting a backup into it, getting one out of a Mesos replica."""
