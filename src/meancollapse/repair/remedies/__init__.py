"""What a treatment is made of, one remedy to a file."""
