"""Random commands against a whole world, and the stage on which one session is tried out.

``world`` says what a world must be able to do and to tell, ``script`` makes the commands and
``runner`` plays them and checks the promises. ``fake_world`` is all of callcue on a fake Asterisk.
``stage`` is smaller: one session, and a player that does only what the tester says.
"""
