"""The proto contract at run time: which APIs and operations there are, and what a request must look like."""
