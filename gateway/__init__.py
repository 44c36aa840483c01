"""The front door: AWS endpoints over HTTP and the services over gRPC, one chain each."""
