"""What Greatwheel's machinery costs, side by side with rlms in one process tree."""
