"""What faults do to people who use a voice, and what healing spares them."""
