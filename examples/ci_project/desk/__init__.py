"""A grading desk with a guard."""
