"""What operators see: metrics, traces and logs. None of them carries contents of requests."""
