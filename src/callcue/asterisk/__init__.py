"""Everything that knows Asterisk: the one package that imports panoramisk.

The link, read from the wire upwards:

    framing     bytes to whole messages
    message     one message's text to a frozen ``AmiEvent`` or ``Reply``
    action      the header guard: what may be written at all
    pending     an action on its way and the answer gathered for it
    answer      what a whole answer means
    protocol    panoramisk's protocol, made safe: limit, gate, matching
    inbox       one bounded queue, one consumer, the order of the wire
    disposable  panoramisk's manager, for one connection only
    connection  connect, call, cut
    handshake   log in, filters, fully booted
    keepalive   a ping with a verdict
    link        the supervisor that keeps a connection up, and its public face

Nothing here imports a front end, and nothing outside sees panoramisk.
"""
