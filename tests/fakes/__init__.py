"""Complete fakes of the core's ports, and a whole service on top of them.

player     FakePlayer: takes verbs and confirms them by events; can be slow, silent, failing
directory  FakeDirectory: rooms and calls that the test fills
media      FakeMedia: the sounds there are
ledger     FakeLedger: the record, kept forever
telephony  FakeTelephony: one Asterisk made of these
service    the real app over it, with an HTTP client
"""
