"""A Lambda authorizer for Amazon API Gateway: HTTP APIs and REST APIs. README.md says how."""
