"""The events by which API Gateway asks, in the shapes that AWS records them, with made-up values.

Each takes header fields as a client sends them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tests.gateways.verdicts import TOKEN, Fields

Event = dict[str, Any]

API = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234"


def http_2(fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Event:
    """Make an HTTP API's, payload 2.0: names in lower case, repeated values joined."""
    path, _, query = target.partition("?")
    headers = {name: ",".join(values) for name, values in _grouped(fields, str.lower).items()}
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{API}/$default/{method}{path}",
        "identitySource": [headers[TOKEN.lower()]] if TOKEN.lower() in headers else [],
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "queryStringParameters": dict(part.split("=") for part in query.split("&") if part),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "domainName": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "abcdef1234",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "okhttp/4.12.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "23/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795435200000,
        },
        "pathParameters": {},
        "stageVariables": {},
    }


def http_1(fields: Fields) -> Event:
    """Make an HTTP API's, payload 1.0: names as sent, one value of each."""
    headers = {name: ",".join(values) for name, values in _grouped(fields, str).items()}
    token = next((value for name, value in headers.items() if name.lower() == TOKEN.lower()), "")
    return {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": f"{API}/test/GET/x",
        "identitySource": token,
        "authorizationToken": token,
        "resource": "/x",
        "path": "/x",
        "httpMethod": "GET",
        "headers": headers,
        "queryStringParameters": {"y": "z"},
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": {
            "path": "/x",
            "accountId": "123456789012",
            "resourceId": "123456",
            "stage": "test",
            "requestId": "JKJaXmPLvHcESHA=",
            "identity": {"apiKey": "", "sourceIp": "192.0.2.1"},
            "resourcePath": "/x",
            "httpMethod": "GET",
            "apiId": "abcdef1234",
        },
    }


def rest_request(fields: Fields) -> Event:
    """Make a REST API's, type REQUEST: the last value of each name, and all of them besides."""
    grouped = _grouped(fields, str)
    return {
        "type": "REQUEST",
        "methodArn": f"{API}/prod/GET/x/y",
        "resource": "/x/{id}",
        "path": "/x/y",
        "httpMethod": "GET",
        "headers": {name: values[-1] for name, values in grouped.items()},
        "multiValueHeaders": grouped,
        "queryStringParameters": {"y": "z"},
        "multiValueQueryStringParameters": {"y": ["z"]},
        "pathParameters": {"id": "y"},
        "stageVariables": {},
        "requestContext": {
            "resourceId": "abc123",
            "resourcePath": "/x/{id}",
            "httpMethod": "GET",
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "requestTime": "23/Nov/2026:12:00:00 +0000",
            "path": "/prod/x/y",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "okhttp/4.12.0"},
            "apiId": "abcdef1234",
        },
    }


def rest_token(fields: Fields) -> Event:
    """Make a REST API's, type TOKEN: there is nothing but the token."""
    tokens = [value for name, value in fields if name.lower() == TOKEN.lower()]
    return {
        "type": "TOKEN",
        "authorizationToken": ",".join(tokens),
        "methodArn": f"{API}/prod/GET/x/y",
    }


SHAPES: Mapping[str, Callable[[Fields], Event]] = {
    "HTTP API, payload 2.0": http_2,
    "HTTP API, payload 1.0": http_1,
    "REST API, REQUEST": rest_request,
    "REST API, TOKEN": rest_token,
}


def _grouped(fields: Fields, spell: Callable[[str], str]) -> dict[str, list[str]]:
    """Give the values by name, without the blanks around them (RFC 9110 section 5.5)."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(spell(name), []).append(value.strip(" \t"))
    return values
