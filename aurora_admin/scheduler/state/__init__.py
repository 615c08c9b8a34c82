"""What the scheduler keeps: the stores in memory, and the ops that change them."""
