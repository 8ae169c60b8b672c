"""A grading desk, and the loyalty checks that stand between it and its users."""
