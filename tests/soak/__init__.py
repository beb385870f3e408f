"""`make soak`: the random commands and the chaos of the tests, for as long as one likes."""
