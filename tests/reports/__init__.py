"""Reports: what pytest prints of a test that fails."""
