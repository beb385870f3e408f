"""What an Asterisk lacks of all that callcue needs, found out by trying it, beside live calls."""
