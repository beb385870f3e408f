"""What is said on the wire. DO NOT RENAME, REWORD OR TRANSLATE ANYTHING HERE.

Screens compare these texts byte by byte. They are VICIdial's own (api.php 2.14-82), except those
marked as ours, which tell what VICIdial does not notice.
"""

FUNCTION = "audio_playback"
VERSION_FUNCTION = "version"
WEBSERVER_FUNCTION = "webserver"
COFFEE_FUNCTIONS = frozenset({"coffee", "start_coffee", "make_coffee", "brew_coffee"})

VERSION = "VERSION: 2.14-82|BUILD: {build}|DATE: {date}|EPOCH: {epoch}"
INVALID_SOURCE = "ERROR: Invalid Source - {source}"
INVALID_LOGIN = "ERROR: Invalid Username/Password: |{user}||{auth}|{auth_api}|{word}|"
NOT_ACTIVE = "ERROR: System API NOT ACTIVE"
NO_PERMISSION = (
    "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION"
    " - {value}|{user}|{function}|{group}"
)
NO_PERMISSION_FOR_WEBSERVER = (
    "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION - {user}|{function}|{group}"
)
WEBSERVER = "<PRE>Webserver Data:\n{facts}</PRE>"
TEAPOT = 418
COFFEE = "Coffee: {function}|Error 418 I'm a teapot"
CLOSE_LINK = "\n<a href=\"javascript:window.opener='x';window.close();\">Close This Window</a>\n"

SUCCESS = "SUCCESS: audio_playback function sent - {value}|{stage}|{who}"
REPLACED = "NOTICE: audio_playback previous playback stopped - {stage}|{dial_override}|{who}"
NOT_VALID = "ERROR: audio_playback not valid - {value}|{stage}|{who}"
NO_USER_FOUND = "ERROR: no user found - {stage}|{alt_user}"
NOT_LOGGED_IN = "ERROR: agent_user is not logged in - {stage}|{who}"
ENTRY_IS_EMPTY = "ERROR: audio_playback error - entry is empty - {stage}|{who}"
NO_SESSION_DATA = "ERROR: audio_playback error - no session data - {stage}|{who}"
NOTHING_PLAYING = (
    "ERROR: audio_playback error - no audio playing in agent session"
    " - {conference}|{server}|{stage}|{who}"
)
ALREADY_PLAYING = (
    "ERROR: audio_playback error - audio already playing in agent session"
    " - {conference}|{server}|{stage}|{dial_override}|{who}"
)

# Ours. Same shape, so that a screen which only looks at the first word takes them rightly.
FILE_NOT_FOUND = "ERROR: audio_playback error - audio file not found - {value}|{stage}|{who}"
UNAVAILABLE = "ERROR: audio_playback error - telephony server unavailable - {server}|{stage}|{who}"
NOT_STARTED = "ERROR: audio_playback error - audio not started - {reason}|{stage}|{who}"
QUEUE_FULL = "ERROR: audio_playback error - too many clips are waiting - {stage}|{who}"
TOO_MANY_COMMANDS = "ERROR: audio_playback error - too many commands are waiting - {stage}|{who}"
FAULT = "ERROR: audio_playback error - internal error - {stage}|{who}"
TOO_OFTEN = "ERROR: {function} error - too many requests - {stage}|{who}"
AGENTS_OUT_OF_REACH = "ERROR: {function} error - agent database unavailable - {stage}|{who}"
SERVER_UNKNOWN = "ERROR: {function} error - telephony server unknown - {server}|{stage}|{who}"
UPSTREAM_UNAVAILABLE = "ERROR: VICIdial server unavailable - {reason}|{function}|{agent_user}"
NOT_PASSED_ON = "ERROR: request not passed on - {reason}|{function}|{agent_user}"

ENDS_THE_SCRIPT = tuple(
    line.partition("{")[0] for line in (NO_PERMISSION, NOTHING_PLAYING, ALREADY_PLAYING)
)
"""Answers after which VICIdial's script ends, before it gets to CLOSE_LINK."""

# The last word of INVALID_LOGIN.
GOOD = "GOOD"
BAD = "BAD"
LOCK = "LOCK"
ERRSERVERS = "ERRSERVERS"
IPBLOCK = "IPBLOCK"

HEADERS = {
    "Cache-Control": "no-cache, must-revalidate",
    "Pragma": "no-cache",
    # Ours: the stage comes back as it was sent, in a page of HTML. No browser shall run it.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}

# force_fronter_audio_stop. VICIdial's own:
FRONTER_NOT_VALID = "ERROR: force_fronter_audio_stop not valid - {value}|{agent}"
FRONTER_NO_USER_FOUND = "ERROR: no user found - {alt_user}"
FRONTER_NOT_LOGGED_IN = "ERROR: agent_user is not logged in - {agent}"
FRONTER_NO_CALL = "ERROR: agent_user is not on a phone call - {agent}"
NO_FRONTER = "ERROR: no fronter found - {agent}"
NO_FRONTER_SESSION = (
    "ERROR: force_fronter_audio_stop error - no fronter session found - {stage}|{agent}|{other}"
)
FRONTER_SILENT = (
    "ERROR: force_fronter_audio_stop error - no audio playing in other agent session"
    " - {conference}|{server}|{stage}|{agent}|{other}"
)
FRONTER_SUCCESS = (
    "SUCCESS: force_fronter_audio_stop function sent - {value}|{stage}|{agent}|{other}"
)
# Ours:
FRONTER_ELSEWHERE = (
    "ERROR: force_fronter_audio_stop error - fronter is on another cluster"
    " - {value}|{stage}|{agent}"
)
FRONTER_OUT_OF_REACH = (
    "ERROR: force_fronter_audio_stop error - agent database unavailable - {stage}|{agent}"
)
FRONTER_SERVER_UNKNOWN = (
    "ERROR: force_fronter_audio_stop error - telephony server unknown"
    " - {server}|{stage}|{agent}|{other}"
)
FRONTER_UNAVAILABLE = (
    "ERROR: force_fronter_audio_stop error - telephony server unavailable"
    " - {server}|{stage}|{agent}|{other}"
)

# non_agent_api.php. VICIdial's own:
LOGIN_INCORRECT = "ERROR: Login incorrect, please try again: |{user}||{word}|"
TOO_MANY_LOGINS = "ERROR: Too many login attempts, try again in 15 minutes: |{user}|LOCK|"
NO_NON_AGENT_PERMISSION = (
    "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: |{user}|{function}|"
)
NO_SOUND_CONTROL = "ERROR: sounds_list CENTRAL SOUND CONTROL IS NOT ACTIVE: |{user}|0|"
NO_SOUND_FOLDER = "ERROR: audio store web directory does not exist: |{user}|{function}||"
NO_FUNCTION = "ERROR: NO FUNCTION SPECIFIED"
# Ours:
NON_AGENT_TOO_OFTEN = "ERROR: {function} error - too many requests: |{user}|"
NON_AGENT_FAULT = "ERROR: {function} error - internal error: |{user}|"
