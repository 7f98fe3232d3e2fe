"""What the budgets say and what was measured, beside peers in the same run: ``python -m tests.benchmarks [rows...]``.

A figure here is information and never a test: machines differ, and a slow one is not broken.
"""
