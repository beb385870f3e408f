"""`make bench`: callcue beside raw AMI and ARI, on one Asterisk, in one run, by ear."""
