"""What schemathesis has to know beyond docs/openapi.json: credentials, and the links that the standard cannot say.

The environment has
  TOKENIZER_URL    the public URL of the tokenizer, which JWTs name
  SIGNING_KEY      the key of the application, as PEM
  NOW              the time of the tokenizer, in seconds since the Unix epoch
  SESSION          the session of a user
  SESSION_COOKIE   a cookie of a browser with that session: name=value
  SEEN             the file to write to, as JSON: of each operation the statuses of its responses
"""

import atexit
import base64
import collections
import hashlib
import itertools
import json
import os
import re
import urllib.parse
import zlib

import jwt
import requests
import schemathesis
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

KEY = load_pem_private_key(os.environ["SIGNING_KEY"].encode(), None)
NOW = int(os.environ["NOW"])
SESSION = os.environ["SESSION"]
ADDRESS = os.environ["TOKENIZER_ADDRESS"]
# The same in each run, as one request comes after the other.
NUMBERS, TURNS = itertools.count(), itertools.count()

# --- Credentials ------------------------------------------------------------------------------------------------


def sign(subject, lifetime=900, typ=None, **claims):
    claims |= {"iat": NOW, "exp": NOW + lifetime, "iss": "node-sdk", "aud": "secure-frame", "sub": subject}
    return jwt.encode(claims, KEY, "RS256", headers={"typ": typ})


APPLICATION = sign("application")
USER = sign("user", session_id=SESSION)
DEVELOPER = sign("developer")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def for_one_request(request):
    """A JWT that destroys: for the route and the very bytes of the body."""
    body = request.body or b""
    if isinstance(body, str):
        body = body.encode()
    return sign(
        "application",
        lifetime=60,
        typ="lunadefend-destroy+jwt",
        tokenizer=os.environ["TOKENIZER_URL"],
        jti=f"{next(NUMBERS):032x}",
        route=urllib.parse.urlsplit(request.url).path,
        body_sha256=base64url(hashlib.sha256(body).digest()),
    )


class Credential(requests.auth.AuthBase):
    """The credential of an audience, put into a request when all of its bytes are known."""

    def __init__(self, tag):
        self.tag = tag

    def __call__(self, request):
        # A case that is sent again still has what it was sent with.
        request.headers.pop("authorization", None)
        request.headers.pop("cookie", None)
        if self.tag == "application":
            request.headers["authorization"] = APPLICATION
        elif self.tag == "destroy":
            request.headers["authorization"] = "Bearer " + for_one_request(request)
        elif urllib.parse.urlsplit(request.url).path == "/metadata/set" and next(TURNS) % 4:
            request.headers["authorization"] = DEVELOPER
        elif next(TURNS) % 2:
            request.headers["authorization"] = USER
        else:
            request.headers["cookie"] = os.environ["SESSION_COOKIE"]
            request.headers["sec-fetch-site"] = "same-origin"
            request.headers.setdefault("lunadefend-page-session", "none")
        return request


def one_of(count, value):
    """Whether this is one of so many: always the same ones."""
    return zlib.crc32(repr(value).encode("utf-8", "replace")) % count == 0


for name in ("application", "destroy", "values"):
    schemathesis.auth.set_from_requests(Credential(name)).apply_to(tag=name)

# --- The document -----------------------------------------------------------------------------------------------

LAST_SEGMENT = "#regex:/blob/(.+)$"


@schemathesis.hook
def before_load_schema(context, raw_schema):
    link(raw_schema, "/tokenize", "putBlob", "uploadUrl")
    link(raw_schema, "/v2/tokenize", "putBlob", "upload/url")
    link(raw_schema, "/detokenize", "getBlob", "downloadUrl")
    link(raw_schema, "/detokenize", "headBlob", "downloadUrl")
    for responses in all_responses(raw_schema):
        for response in responses.values():
            for content in response.get("content", {}).values():
                if "schema" in content:
                    content["schema"] = closed(raw_schema, content["schema"])


def link(document, path, operation, member):
    """The URLs of values are whole URLs, and a runtime expression cannot take a part of one."""
    links = document["paths"][path]["post"]["responses"]["200"].setdefault("links", {})
    expression = f"$response.body#/data/{member}{LAST_SEGMENT}"
    links[operation] = {"operationId": operation, "parameters": {"url": expression}}


def all_responses(document):
    yield document["components"]["responses"]
    for item in document["paths"].values():
        for name, operation in item.items():
            if name != "parameters":
                yield operation["responses"]


def closed(document, schema):
    """Clients must ignore members that they do not know. Here a member that is not described is a failure."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    schema = dict(schema)
    if "properties" in schema:
        schema["properties"] = {name: closed(document, one) for name, one in schema["properties"].items()}
    if "items" in schema:
        schema["items"] = closed(document, schema["items"])
    if "properties" not in schema and "oneOf" in schema:
        schema["oneOf"] = [closed(document, one) for one in schema["oneOf"]]
    # Metadata is as it was given to the tokenizer, and has no properties here.
    if "properties" in schema or schema.get("description", "").startswith("`data` of `/grant/set`"):
        schema.setdefault("additionalProperties", False)
    return schema


# --- Requests ---------------------------------------------------------------------------------------------------


@schemathesis.hook
def map_body(context, body):
    """Every other session is that of the user, so that grants meet their tokens."""
    if isinstance(body, dict) and isinstance(body.get("sessionId"), str) and 0 < len(body["sessionId"]) <= 1024:
        if one_of(2, body["sessionId"]):
            return {**body, "sessionId": SESSION}
    return body


@schemathesis.hook
def map_headers(context, headers):
    """A header that names a session by a hash names that of the user, mostly."""
    headers = dict(headers or {})
    for name, right, pattern in (
        ("lunadefend-page-session", "none", "[0-9a-f]{32}"),
        ("lunasec-session-hash", hashlib.sha1(SESSION.encode()).hexdigest(), "[0-9a-f]{40}"),
    ):
        value = headers.get(name)
        if isinstance(value, str) and re.fullmatch(pattern, value) and not one_of(4, value):
            headers[name] = right
    return headers


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.path == "/session/create" and case.method == "GET" and one_of(3, case.query):
        begin_transfer(case)
    make_real(case)
    # A session that a transfer made can end.
    if case.operation.path == "/session/end" and TRANSFERRED:
        case.cookies = dict([TRANSFERRED.pop()])
    # That of the user goes on, for all requests to come.
    if case.operation.path == "/v2/sessions/revoke" and isinstance(case.body, dict):
        if case.body.get("sessionId") == SESSION:
            case.body = {**case.body, "sessionId": "session-of-eve"}


TRANSFERRED = []
GIVEN = set()
TOKEN = re.compile("lunasec-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
URL = re.compile("[A-Za-z0-9_-]{88}")


def make_real(case):
    """Some tokens and URLs that are right in form, and no more, become those of a value."""
    body = case.body if isinstance(case.body, dict) else {}
    token, url = body.get("tokenId"), (case.path_parameters or {}).get("url")
    finds = case.operation.path in ("/detokenize", "/metadata/get", "/metadata/set", "/grant/verify")
    if finds and isinstance(token, str) and TOKEN.fullmatch(token) and token not in GIVEN and one_of(2, token):
        case.body = {**body, "tokenId": store()["tokenId"]}
    if isinstance(url, str) and URL.fullmatch(url) and url not in GIVEN and one_of(2, url):
        case.path_parameters = {"url": last_segment(url_for(case.method, next(TURNS)))}


def url_for(method, turn):
    """A URL for this method; every third one for an upload has been used."""
    if method != "PUT":
        return post("/detokenize", tokenId=store()["tokenId"])["downloadUrl"]
    made = tokenize() if turn % 3 else store()
    return made["uploadUrl"]


def tokenize():
    return post("/tokenize", metadata={"dataType": "string"})


def store():
    made = tokenize()
    requests.put(ADDRESS + "/blob/" + last_segment(made["uploadUrl"]), data=b"078-05-1120", timeout=60).raise_for_status()
    return made


def post(path, **body):
    answer = requests.post(ADDRESS + path, json=body, headers={"authorization": USER}, timeout=60)
    answer.raise_for_status()
    return answer.json()["data"]


def last_segment(url):
    return url.rsplit("/", 1)[1]


def remember(data):
    """What the tokenizer gave out stays as it is: the next request of a chain has it."""
    GIVEN.update(data[name] for name in ("tokenId",) if name in data)
    GIVEN.update(last_segment(data[name]) for name in ("uploadUrl", "downloadUrl") if name in data)
    GIVEN.update(last_segment(data[name]["url"]) for name in ("upload",) if name in data)


def begin_transfer(case):
    """Does what a browser does before: asks for a state, and has the application sign it."""
    begun = requests.get(ADDRESS + "/session/ensure", allow_redirects=False, timeout=60)
    query = urllib.parse.urlsplit(begun.headers["location"]).query
    state = urllib.parse.parse_qs(query)["state"][0]
    nonce = base64url(hashlib.sha256(state.encode()).digest())
    transfer = sign(
        "user",
        lifetime=60,
        typ="lunadefend-transfer+jwt",
        session_id="session-of-bob",
        tokenizer=os.environ["TOKENIZER_URL"],
        jti=f"{next(NUMBERS):032x}",
        nonce=nonce,
    )
    case.query = {"state": state, "openid_token": transfer}
    name, value = begun.headers["set-cookie"].split(";")[0].split("=", 1)
    case.cookies = {name: value}


# --- Responses --------------------------------------------------------------------------------------------------

# Of the connection, or of every body.
OF_HTTP = {"connection", "content-length", "content-type", "date", "transfer-encoding"}

SEEN = collections.defaultdict(collections.Counter)


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.definition.raw
    if case.method.lower() == case.operation.method:
        SEEN[operation["operationId"]][response.status_code] += 1
    if case.operation.path in ("/tokenize", "/detokenize", "/v2/tokenize") and response.status_code == 200:
        remember(response.json()["data"])
    if case.operation.path == "/session/create" and response.status_code == 200:
        [cookie] = [one for one in response.headers["set-cookie"] if "access_token=" in one]
        name, value = re.search(r"([^ ,]*access_token)=([^;]+)", cookie).groups()
        TRANSFERRED.append((name, value))


# What a request that is well-formed is refused for, as no schema can say it.
OF_STATE = (
    "the session has been ended",
    "session does not have valid token grant",
    "unable to find auth provider",
    "unable to verify openid_token",
    "the parameter origin is none of APPLICATION_FRONT_END",
    "LunaSec's React SDK is not allowed here",
    "Grant duration must be at least 1s",
    "only a JWT of a developer",
    "an earlier request with this Idempotency-Key had another body",
    "metadata must be one JSON object",
    "Grant duration set longer than configured maximum time",
)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # A developer has no session and is no frame: what a frame says of its page is not read.
    if case.operation.path == "/metadata/set" and isinstance(failure, AcceptedNegativeData):
        return " in header" not in failure.message
    if not isinstance(failure, RejectedPositiveData):
        return True
    # Without a body that says why. `GET` has one.
    if case.method.upper() == "HEAD":
        return False
    # As in Go, a number that is too long is no duration at all.
    if "Grant duration parse failed" in response.text and re.search("[0-9]{7}", str(case.body)):
        return False
    return not any(message in response.text for message in OF_STATE)


@schemathesis.check
def no_undescribed_header(ctx, response, case):
    described = case.operation.responses.find_by_status_code(response.status_code)
    if described is None:
        return
    names = {name.lower() for name in described.definition.get("headers", {})}
    unknown = {name.lower() for name in response.headers} - names - OF_HTTP
    assert not unknown, f"the description of the response has no {sorted(unknown)}"


@atexit.register
def write():
    if SEEN:
        with open(os.environ["SEEN"], "w", encoding="utf-8") as file:
            json.dump({name: dict(statuses) for name, statuses in SEEN.items()}, file, indent=1)
