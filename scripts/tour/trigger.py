"""What sets the broadcast going. A function of the system that sees to it that there is one, says what
happens, and gives what was Asked.
"""

import sys
import time
from dataclasses import dataclass

from ground import DOUBLES, ROOT, Failed, wait_for

sys.path.insert(0, str(DOUBLES))
from feed_double import restamped, sent_at  # noqa: E402  (the path must be set first)

TELEGRAMS = ROOT / "test" / "data" / "jma" / "official"
SEQUENCE = "32-39_11_*.xml"     # of 11 March 2011, published by the Japan Meteorological Agency
TEMPLATE = "hazard-earthquake"
LEVEL = {"ja": "震度6強", "en": "seismic intensity 6 upper"}  # the highest of the first report


@dataclass(frozen=True)
class Asked:
    """The broadcast, and its title by language."""
    broadcast: int
    title: dict


def title_of(language):
    template = ROOT / "config" / "templates" / f"{TEMPLATE}.{language}.txt"
    return template.read_text(encoding="utf-8").splitlines()[0].replace("{level}", LEVEL[language])


class Telegrams:
    """The sequence, as if it happened now."""

    def __init__(self, system, output):
        self.system = system
        self.output = output
        self.left = sorted(TELEGRAMS.glob(SEQUENCE), key=lambda path: sent_at(path.read_bytes()))
        if not self.left:
            raise Failed(f"there are no telegrams {TELEGRAMS}/{SEQUENCE}")
        self.published = 0

    def publish(self):
        """The next one; waits until tenko-feed has settled it, and says what came of it."""
        path = self.left.pop(0)
        telegram = path.read_bytes()
        self.system.publish(path.name, restamped(telegram, int(time.time() - sent_at(telegram))))
        self.published += 1
        wait_for(f"{path.name} to be read", lambda: self.settled(path.name))
        told = self.settled(path.name)
        for event in told["events"]:
            for decision in event["decisions"]:
                self.output.say(f"{event['title']}: {decision['reason']}")
        return [d["broadcast"] for event in told["events"] for d in event["decisions"]
                if d["broadcast"]]

    def settled(self, name):
        """What the store holds of it; None: nothing yet."""
        for telegram in self.system.tenko_json("feed", "list", "--most", "50")["telegrams"]:
            if telegram["key"].endswith(f"/{name}") and telegram["state"] != "received":
                return telegram
        return None


def by_telegram(system, output):
    """The telegrams of 11 March 2011: the first sets the broadcast going, the others reach nobody
    whom it has not reached."""
    telegrams = Telegrams(system, output)
    made = telegrams.publish()
    while telegrams.left:
        made += telegrams.publish()
    if len(made) != 1:
        raise Failed(f"the telegrams set off {len(made)} broadcasts instead of one")
    output.say(f"broadcast {made[0]}: {title_of('ja')}")
    return Asked(made[0], {language: title_of(language) for language in LEVEL})
