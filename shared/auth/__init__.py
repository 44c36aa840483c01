"""Who is calling: principals, SigV4 on the AWS wire, bearer keys on gRPC."""
