"""What a course is made of: how its rows hang together, are copied, reset, taken away and put back."""
