"""What must be written down: accepted playbacks and their ends."""
