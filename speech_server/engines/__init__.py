"""The models, each third-party engine behind one door."""
