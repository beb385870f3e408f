"""Settings for one user and one key that ask all the time: their rate is not what is tested."""

UNHURRIED = "[limits]\n" + "".join(
    f"{who}_{what} = 1000000\n" for who in ("key", "user") for what in ("per_second", "burst")
)
