"""What of Asterisk the player dialplan and the player use, and which module has it.

A test reads `callcue-player.conf` and holds the two tables to it.
"""

APPLICATIONS = {
    "BridgeAdd": "app_bridgeaddchan",
    "ChanSpy": "app_chanspy",
    "ConfBridge": "app_confbridge",
    "ControlPlayback": "app_controlplayback",
    "TryExec": "app_exec",
    "UserEvent": "app_userevent",
}
"""Of the dialplan."""

FUNCTIONS = {
    "CDR_PROP": "func_cdr",
    "CONFBRIDGE_INFO": "app_confbridge",
    "CUT": "func_cut",
    "DIALPLAN_EXISTS": "func_dialplan",
    "IF": "func_logic",
    "MUTEAUDIO": "res_mutestream",
    "STRFTIME": "func_strings",
    "TIMEOUT": "func_timeout",
    "VOLUME": "func_volume",
}
"""Of the dialplan; VOLUME is set by AMI alone."""

BUILT_IN = frozenset({"Answer", "Goto", "GotoIf", "Hangup", "MSet", "NoOp", "Set", "Wait"})
"""Applications that no Asterisk is without."""

PRESSES_KEYS = "app_senddtmf"
"""Has the AMI action `PlayDTMF`; without it a clip for one side begins 0.1 s later."""
