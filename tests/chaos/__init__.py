"""What goes wrong in life, done to a callcue that runs as a process, on the real Asterisk.

``scene`` is one callcue and what it plays, ``faults`` is what is done to it, ``verdict`` how it is
judged; ``house`` is an Asterisk that may itself be killed or stand still, and ``remains`` what a
service has of its machine. Tests do each of them once, `make soak` again and again.
"""
