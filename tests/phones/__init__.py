"""Phones: parties over SIP and RTP. A second Asterisk is their user agent, the test their user."""
