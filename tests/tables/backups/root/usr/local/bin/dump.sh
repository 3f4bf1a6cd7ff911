#!/bin/sh
# borg create nothing
export BORG_REPO=ssh://b@far.test/./repo
borg create \
  --stats ::now /etc
