"""Which ears the parties of a test have: the one place that asks for Asterisk's version."""

from ears.audiosocket import AudioSocketServer
from ears.ear import EarServer
from ears.rtp import RtpServer

from .hand import Hand
from .pbx import Pbx

FIRST_WITH_AUDIOSOCKET = 18


def ears_for(pbx: Pbx, hand: Hand) -> EarServer:
    """Ears that a party in a call on *pbx* can have; *hand* is open on it."""
    if pbx.major >= FIRST_WITH_AUDIOSOCKET:
        return AudioSocketServer()
    return RtpServer(hand)
