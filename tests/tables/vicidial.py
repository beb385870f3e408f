"""Requests to api.php and the exact answers: when nothing plays, and when something plays.

Agent 1000 sits in room 8600051 of the server 10.10.10.15. Where two answers stand, the second is
the one while a clip plays; where one stands, it is the same in both states.
"""

from dataclasses import dataclass, field

from fakes.service import PASSWORD

URLENCODED = "application/x-www-form-urlencoded"
WHO = f"source=test&user=6666&pass={PASSWORD}"
AUDIO = f"{WHO}&agent_user=1000&function=audio_playback"
PLAY = f"{AUDIO}&stage=PLAY&value=ss-noservice"
STOP = f"{AUDIO}&stage=STOP"

SENT = "SUCCESS: audio_playback function sent - "
NOT_VALID = "ERROR: audio_playback not valid - "
REPLACED = "NOTICE: audio_playback previous playback stopped - PLAY|Y|1000\n"
ERROR = "ERROR: audio_playback error - "
BUSY = f"{ERROR}audio already playing in agent session - 8600051|10.10.10.15|PLAY|"
NONE = f"{ERROR}no audio playing in agent session - 8600051|10.10.10.15|"
LOGIN = "ERROR: Invalid Username/Password: |"
NO_RIGHT = "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION - "
LINK = "\n<a href=\"javascript:window.opener='x';window.close();\">Close This Window</a>\n"

PLAYED = (f"{SENT}ss-noservice|PLAY|1000\n", f"{BUSY}|1000\n")
OVERRIDDEN = (f"{SENT}ss-noservice|PLAY|1000\n", f"{REPLACED}{SENT}ss-noservice|PLAY|1000\n")
STOPPED = (f"{NONE}STOP|1000\n", f"{SENT}|STOP|1000\n")
NO_SOURCE = "ERROR: Invalid Source - \n"
NOBODY = f"{LOGIN}||0|0|BAD|\n"


@dataclass(frozen=True)
class Row:
    """One request, and the answers in both states."""

    name: str
    method: str
    query: str
    form: bytes | None
    kind: str
    answers: tuple[str, str]
    status: int = 200
    headers: tuple[str, ...] = field(default=())
    path: str = "/agc/api.php"


def _both(answer: str | tuple[str, str]) -> tuple[str, str]:
    return (answer, answer) if isinstance(answer, str) else answer


def get(
    name: str,
    query: str,
    answer: str | tuple[str, str],
    *,
    method: str = "GET",
    status: int = 200,
    headers: tuple[str, ...] = (),
    path: str = "/agc/api.php",
) -> Row:
    return Row(name, method, query, None, "", _both(answer), status, headers, path)


def post(
    name: str,
    form: str | bytes,
    answer: str | tuple[str, str],
    *,
    query: str = "",
    kind: str = URLENCODED,
    method: str = "POST",
) -> Row:
    body = form.encode() if isinstance(form, str) else form
    return Row(name, method, query, body, kind, _both(answer))


def parts(*fields: str, boundary: str = "XX") -> bytes:
    """A multipart form; each field is its headers, an empty line and its value."""
    body = "".join(f"--{boundary}\r\n{field}\r\n" for field in fields)
    return f"{body}--{boundary}--\r\n".encode()


def part(name: str, value: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'


MULTIPART = "multipart/form-data; boundary=XX"
PLAY_PARTS = tuple(part(*pair.split("=")) for pair in PLAY.split("&"))

ROWS: list[Row] = [
    # ---- the stages ---------------------------------------------------------------------------
    get("PLAY", PLAY, PLAYED),
    get("STOP", STOP, STOPPED),
    get("PAUSE", f"{AUDIO}&stage=PAUSE", (f"{NONE}PAUSE|1000\n", f"{SENT}|PAUSE|1000\n")),
    get("RESUME", f"{AUDIO}&stage=RESUME", (f"{NONE}RESUME|1000\n", f"{SENT}|RESUME|1000\n")),
    get("RESTART", f"{AUDIO}&stage=RESTART", (f"{NONE}RESTART|1000\n", f"{SENT}|RESTART|1000\n")),
    get("STOP with a value", f"{STOP}&value=abc", (STOPPED[0], f"{SENT}abc|STOP|1000\n")),
    get("STOP with an override", f"{STOP}&dial_override=Y", STOPPED),
    get(
        "PAUSE with an override",
        f"{AUDIO}&stage=PAUSE&dial_override=Y",
        (f"{NONE}PAUSE|1000\n", f"{SENT}|PAUSE|1000\n"),
    ),
    get(
        "RESTART with a value",
        f"{AUDIO}&stage=RESTART&value=x.y",
        (f"{NONE}RESTART|1000\n", f"{SENT}xy|RESTART|1000\n"),
    ),
    # ---- dial_override ------------------------------------------------------------------------
    get("override Y", f"{PLAY}&dial_override=Y", OVERRIDDEN),
    get("override Yes", f"{PLAY}&dial_override=Yes", OVERRIDDEN),
    get("override with a blank before", f"{PLAY}&dial_override=+Y", OVERRIDDEN),
    get("override Y!", f"{PLAY}&dial_override=Y%21", OVERRIDDEN),
    get("override 1Y2", f"{PLAY}&dial_override=1Y2", OVERRIDDEN),
    get("override N", f"{PLAY}&dial_override=N", (PLAYED[0], f"{BUSY}N|1000\n")),
    get("override NO", f"{PLAY}&dial_override=NO", (PLAYED[0], f"{BUSY}NO|1000\n")),
    get("override YES", f"{PLAY}&dial_override=YES", (PLAYED[0], f"{BUSY}YES|1000\n")),
    get("override YY", f"{PLAY}&dial_override=YY", (PLAYED[0], f"{BUSY}YY|1000\n")),
    get("override y", f"{PLAY}&dial_override=y", PLAYED),
    get("override 1", f"{PLAY}&dial_override=1", PLAYED),
    get("override empty", f"{PLAY}&dial_override=", PLAYED),
    get("override as dial.override", f"{PLAY}&dial.override=Y", OVERRIDDEN),
    get("override as dial override", f"{PLAY}&dial+override=Y", OVERRIDDEN),
    get("override as dial[override", f"{PLAY}&dial[override=Y", OVERRIDDEN),
    get("override in a list", f"{PLAY}&dial_override[]=Y", PLAYED),
    get(
        "override, no such clip",
        f"{AUDIO}&stage=PLAY&value=nope&dial_override=Y",
        f"{ERROR}audio file not found - nope|PLAY|1000\n",
    ),
    # ---- the value ----------------------------------------------------------------------------
    get(
        "no such clip",
        f"{AUDIO}&stage=PLAY&value=nope",
        f"{ERROR}audio file not found - nope|PLAY|1000\n",
    ),
    get(
        "with its extension",
        f"{AUDIO}&stage=PLAY&value=ss-noservice.wav",
        f"{ERROR}audio file not found - ss-noservicewav|PLAY|1000\n",
    ),
    get(
        "in a folder",
        f"{AUDIO}&stage=PLAY&value=custom/hi",
        f"{ERROR}audio file not found - customhi|PLAY|1000\n",
    ),
    get(
        "out of the folder",
        f"{AUDIO}&stage=PLAY&value=../../etc/passwd",
        f"{ERROR}audio file not found - etcpasswd|PLAY|1000\n",
    ),
    get(
        "two clips",
        f"{AUDIO}&stage=PLAY&value=ss-noservice|hello_1",
        f"{ERROR}audio file not found - ss-noservice|hello_1|PLAY|1000\n",
    ),
    get(
        "a URL",
        f"{AUDIO}&stage=PLAY&value=http://x/a.wav",
        f"{ERROR}audio file not found - httpxawav|PLAY|1000\n",
    ),
    get("what is taken away leaves a clip", f"{AUDIO}&stage=PLAY&value=ss-no.ser,vi%20ce", PLAYED),
    get("a line end in the value", f"{AUDIO}&stage=PLAY&value=ss-no%0d%0aservice", PLAYED),
    get("a zero in the value", f"{AUDIO}&stage=PLAY&value=ss-no%00service", PLAYED),
    get("letters of others in the value", f"{AUDIO}&stage=PLAY&value=ss-%C3%A4noservice", PLAYED),
    get("no UTF-8 in the value", f"{AUDIO}&stage=PLAY&value=ss-%ffnoservice", PLAYED),
    get(
        "a value that is all taken away",
        f"{AUDIO}&stage=PLAY&value=./:",
        f"{NOT_VALID}|PLAY|1000\n",
    ),
    get(
        "an underscore and a digit",
        f"{AUDIO}&stage=PLAY&value=hello_1",
        (f"{SENT}hello_1|PLAY|1000\n", f"{BUSY}|1000\n"),
    ),
    get(
        "80 characters",
        f"{AUDIO}&stage=PLAY&value={'a' * 80}",
        f"{ERROR}audio file not found - {'a' * 80}|PLAY|1000\n",
    ),
    get(
        "5000 characters",
        f"{AUDIO}&stage=PLAY&value={'a' * 5000}",
        f"{ERROR}audio file not found - {'a' * 5000}|PLAY|1000\n",
    ),
    get(
        "encoded twice",
        f"{AUDIO}&stage=PLAY&value=ss%252Dnoservice",
        f"{ERROR}audio file not found - ss2Dnoservice|PLAY|1000\n",
    ),
    # ---- not valid ----------------------------------------------------------------------------
    get("PLAY without value", f"{AUDIO}&stage=PLAY", f"{NOT_VALID}|PLAY|1000\n"),
    get(
        "PLAY with a list of values",
        f"{AUDIO}&stage=PLAY&value[]=ss-noservice",
        f"{NOT_VALID}|PLAY|1000\n",
    ),
    get("no stage", AUDIO, f"{NOT_VALID}||1000\n"),
    get("stage of three letters", f"{AUDIO}&stage=END&value=a", f"{NOT_VALID}a|END|1000\n"),
    get("stage that is none", f"{AUDIO}&stage=REWIND", f"{NOT_VALID}|REWIND|1000\n"),
    get("stage STATUS", f"{AUDIO}&stage=STATUS", f"{NOT_VALID}|STATUS|1000\n"),
    get("stage in lower case", f"{AUDIO}&stage=play&value=a", f"{NOT_VALID}a|play|1000\n"),
    get("stage with a blank", f"{AUDIO}&stage=PLAY%20&value=a", f"{NOT_VALID}a|PLAY |1000\n"),
    get("stage PL'AY", f"{AUDIO}&stage=PL'AY&value=ss-noservice", PLAYED),
    get("stage with every quote", f"{AUDIO}&stage=S%22T%5CO%3BP", STOPPED),
    get("stage with a bar", f"{AUDIO}&stage=ST|OP", f"{NOT_VALID}|ST|OP|1000\n"),
    get("stage of HTML", f"{AUDIO}&stage=%3Cb%3E", f"{NOT_VALID}|<b>|1000\n"),
    get("stage with a line end", f"{AUDIO}&stage=STOP%0AX", f"{NOT_VALID}|STOP\nX|1000\n"),
    get(
        "stage of letters of others",
        f"{AUDIO}&stage=%C3%A4%C3%B6%C3%BC%C3%9F",
        f"{NOT_VALID}|äöüß|1000\n",
    ),
    get("nobody is meant", f"{WHO}&function=audio_playback&stage=STOP", f"{NOT_VALID}|STOP|\n"),
    get(
        "agent_user that is all taken away",
        f"{WHO}&function=audio_playback&stage=STOP&agent_user=...",
        f"{NOT_VALID}|STOP|\n",
    ),
    get(
        "alt_user of one letter",
        f"{WHO}&function=audio_playback&stage=STOP&alt_user=z",
        f"{NOT_VALID}|STOP|\n",
    ),
    # ---- who is meant -------------------------------------------------------------------------
    get(
        "an agent who is not there",
        f"{PLAY}&agent_user=2000",
        "ERROR: agent_user is not logged in - PLAY|2000\n",
    ),
    get(
        "STOP for one who is not there",
        f"{STOP}&agent_user=2000",
        "ERROR: agent_user is not logged in - STOP|2000\n",
    ),
    get("agent_user with what is taken away", f"{STOP}&agent_user=10.00%0d%0a", STOPPED),
    get(
        "agent_user of another case",
        f"{STOP}&agent_user=Agent",
        "ERROR: agent_user is not logged in - STOP|Agent\n",
    ),
    get("agent_user as agent.user", f"{STOP}&agent_user=x&agent.user=1000", STOPPED),
    get("alt_user", f"{STOP}&agent_user=&alt_user=crm1", STOPPED),
    get("alt_user goes before agent_user", f"{STOP}&agent_user=2000&alt_user=crm1", STOPPED),
    get("alt_user with what is taken away", f"{STOP}&agent_user=&alt_user=c-r_m.1", STOPPED),
    get("alt_user of one letter, and an agent", f"{STOP}&alt_user=z", STOPPED),
    get(
        "unknown alt_user, nobody else",
        f"{STOP}&agent_user=&alt_user=zz",
        "ERROR: no user found - STOP|zz\nERROR: agent_user is not logged in - STOP|\n",
    ),
    get(
        "unknown alt_user, and an agent",
        f"{STOP}&alt_user=zz",
        (
            f"ERROR: no user found - STOP|zz\n{STOPPED[0]}",
            f"ERROR: no user found - STOP|zz\n{STOPPED[1]}",
        ),
    ),
    get(
        "unknown alt_user, and one who is not there",
        f"{PLAY}&agent_user=2000&alt_user=zz",
        "ERROR: no user found - PLAY|zz\nERROR: agent_user is not logged in - PLAY|2000\n",
    ),
    # ---- the source ---------------------------------------------------------------------------
    get("nothing at all", "", NO_SOURCE),
    get("no source", PLAY.replace("source=test", ""), NO_SOURCE),
    get("a source of one letter", f"{PLAY}&source=x", "ERROR: Invalid Source - x\n"),
    get("a source that is all taken away", f"{PLAY}&source=_-.", NO_SOURCE),
    get("a source of which one is left", f"{PLAY}&source=_a_", "ERROR: Invalid Source - a\n"),
    get("a source of two", f"{PLAY}&source=ab", PLAYED),
    get("a long source", f"{PLAY}&source={'s' * 200}", PLAYED),
    get(
        "the source goes before the login",
        "source=x&function=audio_playback",
        "ERROR: Invalid Source - x\n",
    ),
    get("the source goes before the function", "function=nonsense", NO_SOURCE),
    # ---- the login ----------------------------------------------------------------------------
    get("a wrong password", f"{PLAY}&pass=wrong", f"{LOGIN}6666||0|0|BAD|\n"),
    get("no password", f"{PLAY}&pass=", f"{LOGIN}6666||0|0|BAD|\n"),
    get("a password of one letter", f"{PLAY}&pass=a", f"{LOGIN}6666||0|0|BAD|\n"),
    get(
        "a password of another case", f"{PLAY}&pass={PASSWORD.upper()}", f"{LOGIN}6666||0|0|BAD|\n"
    ),
    get("a password with what is taken away", f"{PLAY}&pass='{PASSWORD};%20%22", PLAYED),
    get("an unknown user", f"{PLAY}&user=nobody", f"{LOGIN}nobody||0|0|BAD|\n"),
    get("no user", f"{PLAY}&user=", NOBODY),
    get("a user of one letter", f"{PLAY}&user=6", f"{LOGIN}6||0|0|BAD|\n"),
    get("an inactive user", f"{PLAY}&user=idle", f"{LOGIN}idle||0|0|BAD|\n"),
    get("a user of level 0", f"{PLAY}&user=level0", f"{LOGIN}level0||0|0|BAD|\n"),
    get("a user with what is taken away", f"{PLAY}&user=6.6'6;%206", PLAYED),
    get("a user of SQL", f"{PLAY}&user='%20OR%201=1--", f"{LOGIN}OR11--||0|0|BAD|\n"),
    get("a user of HTML", f"{PLAY}&user=%3Cb%3E", f"{LOGIN}b||0|0|BAD|\n"),
    get("a list of passwords", f"{PLAY}&pass[]={PASSWORD}", f"{LOGIN}6666||0|0|BAD|\n"),
    get("the login goes before the function", "source=test&function=nonsense", NOBODY),
    get("the login goes before validity", "source=test&function=audio_playback", NOBODY),
    # ---- the permission -----------------------------------------------------------------------
    get(
        "not among the functions",
        f"{PLAY}&user=7777",
        f"{NO_RIGHT}ss-noservice|7777|audio_playback|SALES\n",
    ),
    get(
        "not among the functions, STOP",
        f"{STOP}&user=7777",
        f"{NO_RIGHT}|7777|audio_playback|SALES\n",
    ),
    get(
        "validity goes before the permission",
        f"{AUDIO}&stage=PLAY&user=7777",
        f"{NOT_VALID}|PLAY|1000\n",
    ),
    get(
        "the permission goes before alt_user",
        f"{STOP}&user=7777&alt_user=zz",
        f"{NO_RIGHT}|7777|audio_playback|SALES\n",
    ),
    get(
        "the permission goes before the agent",
        f"{STOP}&user=7777&agent_user=2000",
        f"{NO_RIGHT}|7777|audio_playback|SALES\n",
    ),
    get(
        "webserver has a line of its own",
        f"{WHO}&user=7777&function=webserver&value=x",
        f"{NO_RIGHT}7777|webserver|SALES\n",
    ),
    # ---- the function -------------------------------------------------------------------------
    get("no function", WHO, ""),
    get("an unknown function", f"{WHO}&function=nonsense", ""),
    get("an unknown function and a user who may not", f"{WHO}&user=7777&function=nonsense", ""),
    get("a function of another case", f"{PLAY}&function=Audio_Playback", ""),
    get("audio_play.back", f"{PLAY}&function=audio_play.back", PLAYED),
    get("a function with what is taken away", f"{PLAY}&function=%20audio_playback%0a'", PLAYED),
    get("a list of functions", f"{PLAY}&function[]=audio_playback", ""),
    get(
        "VICIdial's other functions",
        f"{WHO}&agent_user=1000&function=external_pause&value=PAUSE",
        "",
    ),
    get("coffee", "function=coffee", "Coffee: coffee|Error 418 I'm a teapot", status=418),
    get(
        "start_coffee",
        "function=start_coffee",
        "Coffee: start_coffee|Error 418 I'm a teapot",
        status=418,
    ),
    get(
        "make_coffee",
        f"{WHO}&function=make_coffee",
        "Coffee: make_coffee|Error 418 I'm a teapot",
        status=418,
    ),
    get(
        "brew_coffee",
        "function=brew_coffee&close_window_link=1",
        "Coffee: brew_coffee|Error 418 I'm a teapot",
        status=418,
    ),
    get("drink_coffee", "function=drink_coffee", NO_SOURCE),
    # ---- given twice, and lists ---------------------------------------------------------------
    get("the last stage", f"{AUDIO}&stage=PLAY&stage=STOP", STOPPED),
    get("the last value", f"{AUDIO}&stage=PLAY&value=nope&value=ss-noservice", PLAYED),
    get("the last function", f"{PLAY}&function=version&function=audio_playback", PLAYED),
    get("the last function, which is none", f"{PLAY}&function=nonsense", ""),
    get("the last value, which is empty", f"{PLAY}&value=", f"{NOT_VALID}|PLAY|1000\n"),
    get("a list after it", f"{PLAY}&value[]=x", f"{NOT_VALID}|PLAY|1000\n"),
    get("a list before it", f"{AUDIO}&stage=PLAY&value[]=x&value=ss-noservice", PLAYED),
    get("a list with a key", f"{PLAY}&value[a][b]=x", f"{NOT_VALID}|PLAY|1000\n"),
    get("a name with a blank before", f"{AUDIO}&+stage=STOP", STOPPED),
    get("a name with a zero", f"{AUDIO}&stage%00x=STOP", STOPPED),
    get("an encoded name", f"{AUDIO}&%73tage=STOP", STOPPED),
    get("names of another case", f"{AUDIO}&Stage=STOP", f"{NOT_VALID}||1000\n"),
    get("empty pairs", f"&&{STOP}&&=&=x", STOPPED),
    get(
        "semicolons",
        STOP.replace("&", ";"),
        NOBODY,
    ),
    get("a question mark more", f"{STOP}&x=?stage=PLAY", STOPPED),
    get("a broken escape", f"{STOP}&x=%zz%", STOPPED),
    get("more than a thousand before", f"{'x=1&' * 1000}{STOP}", NO_SOURCE),
    get("a thousand with the last", f"{'x=1&' * 994}{STOP}", STOPPED),
    get("pluses are blanks", f"{AUDIO}&stage=+STOP", f"{NOT_VALID}| STOP|1000\n"),
    # ---- what is accepted and changes nothing -------------------------------------------------
    get("format=debug", f"{STOP}&format=debug", STOPPED),
    get("format=text", f"{STOP}&format=text", STOPPED),
    get(
        "agent_debug of the soundboard",
        f"{STOP}&source=soundboard&agent_debug=2026-01-01%2010:00:00-----STOP---x|",
        STOPPED,
    ),
    get("language=es", f"{STOP}&language=es", STOPPED),
    get("parameters of other functions", f"{STOP}&lead_id=1&phone_number=2&DB=1", STOPPED),
    get(
        "ACTION, which skips the login there",
        f"ACTION=LogiNCamPaigns&{PLAY}&pass=x",
        f"{LOGIN}6666||0|0|BAD|\n",
    ),
    # ---- the link that closes the window ------------------------------------------------------
    get("link after PLAY", f"{PLAY}&close_window_link=1", (f"{PLAYED[0]}{LINK}", PLAYED[1])),
    get("link after STOP", f"{STOP}&close_window_link=1", (STOPPED[0], f"{STOPPED[1]}{LINK}")),
    get(
        "link after an override",
        f"{PLAY}&dial_override=Y&close_window_link=1",
        (f"{OVERRIDDEN[0]}{LINK}", f"{OVERRIDDEN[1]}{LINK}"),
    ),
    get(
        "link in Spanish, which is English",
        f"{STOP}&close_window_link=1&language=es",
        (STOPPED[0], f"{STOPPED[1]}{LINK}"),
    ),
    get("link 0", f"{PLAY}&close_window_link=0", PLAYED),
    get("link of a word", f"{PLAY}&close_window_link=Y", PLAYED),
    get("link below zero", f"{PLAY}&close_window_link=-1", PLAYED),
    get("link 2x", f"{AUDIO}&stage=X&close_window_link=2x", f"{NOT_VALID}|X|1000\n{LINK}"),
    get("link 007", f"{AUDIO}&stage=X&close_window_link=007", f"{NOT_VALID}|X|1000\n{LINK}"),
    get(
        "link of many digits",
        f"{AUDIO}&stage=X&close_window_link={'9' * 5000}",
        f"{NOT_VALID}|X|1000\n{LINK}",
    ),
    get(
        "link after not logged in",
        f"{STOP}&agent_user=2000&close_window_link=1",
        f"ERROR: agent_user is not logged in - STOP|2000\n{LINK}",
    ),
    get(
        "link after no user found",
        f"{STOP}&agent_user=&alt_user=zz&close_window_link=1",
        f"ERROR: no user found - STOP|zz\nERROR: agent_user is not logged in - STOP|\n{LINK}",
    ),
    get("link after an unknown function", f"{WHO}&function=nonsense&close_window_link=1", LINK),
    get(
        "link after no such clip",
        f"{AUDIO}&stage=PLAY&value=nope&close_window_link=1",
        f"{ERROR}audio file not found - nope|PLAY|1000\n{LINK}",
    ),
    get(
        "no link after a wrong login",
        f"{PLAY}&pass=wrong&close_window_link=1",
        f"{LOGIN}6666||0|0|BAD|\n",
    ),
    get(
        "no link after a wrong source",
        f"{PLAY}&source=x&close_window_link=1",
        "ERROR: Invalid Source - x\n",
    ),
    get(
        "no link without the permission",
        f"{STOP}&user=7777&close_window_link=1",
        f"{NO_RIGHT}|7777|audio_playback|SALES\n",
    ),
    get(
        "no link without the permission for webserver",
        f"{WHO}&user=7777&function=webserver&close_window_link=1",
        f"{NO_RIGHT}7777|webserver|SALES\n",
    ),
    # ---- methods and paths --------------------------------------------------------------------
    get("PUT", STOP, STOPPED, method="PUT"),
    get("DELETE", STOP, STOPPED, method="DELETE"),
    get("PATCH", STOP, STOPPED, method="PATCH"),
    get("OPTIONS", STOP, STOPPED, method="OPTIONS"),
    get(
        "OPTIONS of a browser, with CORS off",
        STOP,
        STOPPED,
        method="OPTIONS",
        headers=("Origin: https://crm.example", "Access-Control-Request-Method: GET"),
    ),
    get("POST with all in the query", STOP, STOPPED, method="POST"),
    get("a path below", STOP, STOPPED, path="/agc/api.php/anything"),
    get("a path below, deeper", STOP, STOPPED, path="/agc/api.php/a/b.php"),
    get("a prefix", STOP, STOPPED, path="/vicidial/agc/api.php"),
    get("GET that says it is JSON", STOP, STOPPED, headers=("Content-Type: application/json",)),
    get("GET that says it is a form", STOP, STOPPED, headers=(f"Content-Type: {URLENCODED}",)),
    get("GET of an odd type", STOP, STOPPED, headers=("Content-Type: x; y=z",)),
    get("GET with an HTTP login", STOP, STOPPED, headers=("Authorization: Basic eDp5",)),
    # ---- forms --------------------------------------------------------------------------------
    post("a form", PLAY, PLAYED),
    post("a form of another case", STOP, STOPPED, kind="Application/X-WWW-Form-Urlencoded"),
    post("a form with its charset", STOP, STOPPED, kind=f"{URLENCODED}; charset=UTF-8"),
    post("a form of two types", STOP, STOPPED, kind=f"{URLENCODED}, text/plain"),
    post("the login in the query", AUDIO + "&stage=STOP", STOPPED, query=WHO),
    post("the query goes before the form", f"{AUDIO}&stage=PLAY", STOPPED, query="stage=STOP"),
    post("an empty one in the query goes before", STOP, f"{NOT_VALID}||1000\n", query="stage="),
    post("a list in the query counts as none", STOP, STOPPED, query="stage[]=PLAY"),
    post("the last of the form", f"{AUDIO}&stage=PLAY&stage=STOP", STOPPED),
    post(
        "the last of the query, not of the form",
        f"{AUDIO}&stage=PLAY",
        STOPPED,
        query="stage=PAUSE&stage=STOP",
    ),
    post("a function in both", PLAY, "", query="function=nonsense"),
    post(
        "a function in both, ours in the query",
        f"{STOP}&function=nonsense",
        STOPPED,
        query="function=audio_playback",
    ),
    post(
        "a form without value, ours is empty",
        f"{AUDIO}&stage=PLAY&last=ss-noservice",
        f"{NOT_VALID}|PLAY|1000\n",
    ),
    post("a form of PUT is not read", STOP, NO_SOURCE, method="PUT"),
    post("a form of GET is not read", STOP, NO_SOURCE, method="GET"),
    post("a form of DELETE is not read", STOP, NO_SOURCE, method="DELETE"),
    post("JSON is not read", '{"function":"audio_playback"}', NO_SOURCE, kind="application/json"),
    post("text is not read", STOP, NO_SOURCE, kind="text/plain"),
    post("XML is not read", "<stage>STOP</stage>", NO_SOURCE, kind="text/xml"),
    post("a body of no type is not read", STOP, NO_SOURCE, kind=""),
    post("JSON beside the query", '{"stage":"PLAY"}', STOPPED, query=STOP, kind="application/json"),
    post("text beside the query", "stage=PLAY", STOPPED, query=STOP, kind="text/plain"),
    post("a form of nothing", "", NO_SOURCE),
    post(
        "a form of semicolons",
        STOP.replace("&", ";"),
        NOBODY,
    ),
    # ---- multipart ----------------------------------------------------------------------------
    post("multipart", parts(*PLAY_PARTS), PLAYED, kind=MULTIPART),
    post(
        "multipart, boundary in quotes",
        parts(*PLAY_PARTS),
        PLAYED,
        kind='multipart/form-data; boundary="XX"',
    ),
    post(
        "multipart of another case",
        parts(*PLAY_PARTS),
        PLAYED,
        kind="Multipart/Form-Data; Boundary=XX",
    ),
    post("multipart without boundary", parts(*PLAY_PARTS), NO_SOURCE, kind="multipart/form-data"),
    post(
        "multipart of another boundary",
        parts(*PLAY_PARTS),
        NO_SOURCE,
        kind="multipart/form-data; boundary=YY",
    ),
    post(
        "multipart, the last counts",
        parts(*PLAY_PARTS, part("stage", "STOP")),
        (STOPPED[0], f"{SENT}ss-noservice|STOP|1000\n"),
        kind=MULTIPART,
    ),
    post(
        "multipart, a file is no value",
        parts(
            *PLAY_PARTS[:-1],
            'Content-Disposition: form-data; name="value"; filename="a"\r\n\r\nss-noservice',
        ),
        f"{NOT_VALID}|PLAY|1000\n",
        kind=MULTIPART,
    ),
    post(
        "multipart, filename* is no file to PHP",
        parts(
            *PLAY_PARTS[:-1],
            "Content-Disposition: form-data; name=value; filename*=utf-8''a\r\n\r\nss-noservice",
        ),
        PLAYED,
        kind=MULTIPART,
    ),
    post(
        "multipart, single quotes",
        parts(*PLAY_PARTS[:-1], "Content-Disposition: form-data; name='value'\r\n\r\nss-noservice"),
        PLAYED,
        kind=MULTIPART,
    ),
    post(
        "multipart and the query", parts(part("stage", "PLAY")), STOPPED, query=STOP, kind=MULTIPART
    ),
    post("multipart that ends too early", parts(*PLAY_PARTS)[:-8], PLAYED, kind=MULTIPART),
]
