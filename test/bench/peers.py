"""Other systems beside ours, installed where they can be; see --peers."""

PEERS = ()
