"""Tables of requests and what is answered."""
