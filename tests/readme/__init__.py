"""What the README shows is true: every block of it runs."""
