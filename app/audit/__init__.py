"""The audit log: who changed what and when, with what stood there before and after."""
