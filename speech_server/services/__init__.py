"""The gRPC services: messages in, messages out; each with the life of its models."""
