"""What the fake takes to be true."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .player_leg import asterisk_ms
from .speech import Answer, Fields, ReceivedAction, error, event_list, success


@dataclass
class Belief:
    """Change it at any time; the next action is answered by what is true then."""

    username: str = "callcue"
    secret: str = "a-secret"
    reject_logins: bool = False
    fully_booted: bool = True
    """False also stands for an AMI user without read=system, who is never told."""
    lists: dict[str, Sequence[Fields]] = field(default_factory=dict)
    """Items by list action: ``lists["CoreShowChannels"] = [{"Channel": "PJSIP/a-1"}]``."""
    logins: int = 0

    def answer(self, action: ReceivedAction) -> Answer:
        """What a well-behaved Asterisk says to *action*."""
        match action.name:
            case "Login":
                return self._answer_login(action)
            case "Ping":
                now = f"{asterisk_ms() / 1000:.6f}"
                return {"Response": "Success", "Ping": "Pong", "Timestamp": now}
            case "Logoff":
                return {"Response": "Goodbye", "Message": "Thanks for all the fish."}
            case "Filter" | "Events":
                return success("Done")
            case "CoreShowChannels" | "Status" | "ConfbridgeList":
                return event_list(action.name, self.lists.get(action.name, []))
            case "ConfbridgeListRooms" if not self.lists.get("ConfbridgeListRooms"):
                return error("No active conferences.")
            case name if name in self.lists:
                return event_list(name, self.lists[name])
        return error("Invalid/unknown command")

    def _answer_login(self, action: ReceivedAction) -> Answer:
        known = (action.get("Username"), action.get("Secret")) == (self.username, self.secret)
        if self.reject_logins or not known:
            return error("Authentication failed")
        self.logins += 1
        accepted = success("Authentication accepted")
        if not self.fully_booted:
            return accepted
        booted = {"Event": "FullyBooted", "Privilege": "system,all", "Status": "Fully Booted"}
        return [accepted, booted]
